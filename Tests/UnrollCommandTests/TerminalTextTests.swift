import Testing
import UnrollCommand
import UnrollTasks

@Suite struct TerminalSparklineTests {
  @Test func valuesBecomeBlocks() {
    #expect(Sparkline.text(history: [0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█")
    #expect(Sparkline.text(history: [0, 1, 2, 4, 5, 6], forecast: [6, 7]) == "▁▂▃▅▆▇│▇█")
  }

  @Test func gapsAndConstants() {
    #expect(Sparkline.text(history: [0, .nan, 7], forecast: [.infinity, 7]) == "▁ █│ █")
    #expect(Sparkline.text(history: [5, 5, 5]) == "▄▄▄")
    #expect(Sparkline.text(history: [.nan, .nan], forecast: [.nan]) == "    ")
    #expect(Sparkline.text(history: []) == "")
    #expect(Sparkline.text(history: [], forecast: [1, 2]) == "▁█")
    #expect(Sparkline.text(history: [-1.7e308, 0, 1.7e308]) == "▁▅█")
  }

  @Test func longSeriesAreAveragedIntoTheWidth() {
    // Buckets of two, whole at the bar: 0 | 1 2 | 3 4 | 5 6, then 7 7.
    #expect(Sparkline.text(history: [0, 1, 2, 3, 4, 5, 6], forecast: [7, 7], width: 6) == "▁▂▅▇│█")
    for width in 3...60 {
      let text = Sparkline.text(history: (0..<500).map(Double.init), forecast: [1, 2, 3], width: width)
      #expect(text.count <= width, "width \(width)")
      #expect(text.contains("│"))
    }
  }
}

@Suite struct TerminalDurationTests {
  @Test(arguments: [
    ("10m", 600), ("90s", 90), ("1h30m", 5400), ("45", 45), ("2d", 172_800), ("1.5h", 5400), ("0", 0),
    ("1h 30m 5s", 5405), ("1d1s", 86_401), ("0.5", 0.5),
  ])
  func readsDurations(_ text: String, _ seconds: Double) throws {
    #expect(try DurationText.parse(text) == .seconds(seconds))
  }

  @Test(arguments: [
    ("", "it is empty"), ("  ", "it is empty"), ("-5m", "it is negative"),
    ("10x", "\"x\" is not one of the units d, h, m, s"), ("m", "no number stands before \"m\""),
    ("1m1h", "\"h\" may not follow \"m\""), ("1m1m", "\"m\" may not follow \"m\""),
    ("1h30", "\"30\" has no unit"),
    ("1.2.3s", "\"1.2.3\" is not a number"), (".", "\".\" is not a number"),
    ("9999d", "it is longer than ten years"),
    ("99999999999999999999999999", "it is longer than ten years"),
    ("1:30", "\":\" is not one of the units d, h, m, s"),
  ])
  func refusesOthers(_ text: String, _ reason: String) {
    let error = #expect(throws: DurationError.self) { try DurationText.parse(text) }
    #expect(error?.reason == reason)
    #expect(error?.description.hasPrefix("\"\(text)\" is not a duration: ") == true)
  }

  @Test func writesDurations() {
    #expect(
      [0, 5, 42, 65, 3600, 3723, 100_000].map { DurationText.clock(.seconds($0)) }
        == ["0:00", "0:05", "0:42", "1:05", "1:00:00", "1:02:03", "27:46:40"])
    #expect(DurationText.clock(.milliseconds(59_600)) == "1:00")
    #expect(DurationText.clock(.seconds(-3)) == "0:00")
    #expect(
      [0, 45, 90, 5400, 90_000].map { DurationText.brief(.seconds($0)) } == [
        "0s", "45s", "1m30s", "1h30m", "1d1h",
      ])
  }

  @Test(arguments: [1, 59, 60, 61, 3599, 86_400, 90_061])
  func briefIsReadBack(_ seconds: Int) throws {
    #expect(try DurationText.parse(DurationText.brief(.seconds(seconds))) == .seconds(seconds))
  }
}

@Suite struct TerminalStreamTests {
  @Test(arguments: [
    (true, ["TERM": "xterm"], true, true), (true, ["TERM": "dumb"], false, false), (true, [:], false, false),
    (true, ["TERM": "xterm", "NO_COLOR": "1"], true, false),
    (true, ["TERM": "xterm", "NO_COLOR": ""], true, true),
    (false, ["TERM": "xterm"], false, false),
  ])
  func environmentDecides(
    _ isTerminal: Bool, _ environment: [String: String], _ draws: Bool, _ colours: Bool
  ) {
    let abilities = TerminalStream.abilities(isTerminal: isTerminal) { environment[$0] }
    #expect(abilities.isTerminal == draws)
    #expect(abilities.hasColour == colours)
  }

  @Test func errorsNameTheTool() {
    let plain = Recorder()
    plain.stream(isTerminal: false).writeError("no such file\nlook elsewhere")
    #expect(plain.text == "unroll: no such file\n        look elsewhere\n")
    let coloured = Recorder()
    coloured.stream(hasColour: true).writeError("no")
    #expect(coloured.text == "\u{1B}[1;31munroll:\u{1B}[0m no\n")
  }

  @Test func stylesArePlainWhenOff() {
    #expect(Style(isOn: false).red("a") + Style(isOn: false).bold("b") == "ab")
    #expect(Style(isOn: true).bold("") == "")
  }
}
