/// Text in a colour or weight, by the codes of ECMA-48; plain where the stream has no colour.
package struct Style: Sendable {
  package let isOn: Bool

  package init(isOn: Bool) { self.isOn = isOn }

  package func bold(_ text: String) -> String { wrapped(text, "1") }
  package func faint(_ text: String) -> String { wrapped(text, "2") }
  package func red(_ text: String) -> String { wrapped(text, "1;31") }
  package func green(_ text: String) -> String { wrapped(text, "32") }
  package func yellow(_ text: String) -> String { wrapped(text, "33") }
  package func cyan(_ text: String) -> String { wrapped(text, "36") }

  private func wrapped(_ text: String, _ code: String) -> String {
    isOn && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}

extension TerminalStream {
  package var style: Style { Style(isOn: hasColour) }

  /// Writes what went wrong as the tool says it: its name, red on a terminal, the message, and further lines of the
  /// message indented below it.
  package func writeError(_ message: String) {
    let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
    let text = lines.joined(separator: "\n        ")
    write(style.red("unroll:") + " " + text + "\n")
  }
}
