/// An answer as an object of JSON in one line.
struct ClassificationJSON {
  private let answer: Classification
  private let isMultiLabel: Bool
  private let labels: [String]
  private let id: String?

  init(_ answer: Classification, isMultiLabel: Bool, labels: [String], id: String? = nil) {
    self.answer = answer
    self.isMultiLabel = isMultiLabel
    self.labels = labels
    self.id = id
  }

  /// - Parameters:
  ///   - words: what was read at each step of the belief; `nil` where steps have no words.
  ///   - belief: the probabilities before the first step and after each; empty: not told.
  func line(words: [String]?, belief: [[Double]]) -> String {
    var members: [String] = []
    if let id { members.append("\"id\":\(Self.string(id))") }
    if isMultiLabel {
      members.append("\"labels\":[\(answer.labels.map(Self.string).joined(separator: ","))]")
    } else {
      members.append("\"label\":\(Self.string(answer.label))")
    }
    members.append("\"probabilities\":\(object(answer.probabilities.map(\.probability)))")
    if !belief.isEmpty {
      let steps = belief.enumerated().map { index, chances in
        let word = words.map { "\"word\":\(Self.string($0[index]))," } ?? "\"steps\":\(index),"
        return "{\(word)\"probabilities\":\(object(chances))}"
      }
      members.append("\"belief\":[\(steps.joined(separator: ","))]")
    }
    return "{\(members.joined(separator: ","))}"
  }

  private func object(_ chances: [Double]) -> String {
    let members = zip(labels, chances).map {
      "\(Self.string($0)):\(NumberText.decimal(min(max($1, 0), 1), places: 6))"
    }
    return "{\(members.joined(separator: ","))}"
  }

  /// A string of JSON.
  static func string(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      // Line separators are allowed in JSON and break programs that read it line by line.
      case _
      where scalar.value < 0x20 || scalar.value == 0x2028 || scalar.value == 0x2029 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
