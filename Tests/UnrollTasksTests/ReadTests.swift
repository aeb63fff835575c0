import Testing
import UnrollCore
import UnrollData
import UnrollTasks
import UnrollTraining

/// Reading text from pictures, from files to answers.
struct ReadTests {
  /// Learned once, used by several tests.
  private static let trained = Result {
    try TextReader.train(
      on: ReadData(try ReadToy.lines(240)), settings: ReadToy.small(),
      validation: ReadData(try ReadToy.lines(30, seed: 2)))
  }

  @Test func keepsWhatAllTasksPromise() throws {
    var settings = ReadToy.small()
    ChassisCheck.small(&settings.learning)
    try ChassisCheck.check(
      ChassisCase<ReadTask>(
        data: ReadData(try ReadToy.lines(24)), settings: settings,
        inputs: [
          ReadInput(ReadToy.picture("ab c"), name: "line"),
          ReadInput(ReadToy.page(["abc", "bca"]), name: "page"),
          ReadInput(Picture(width: 1, height: 1, color: [0]), name: "dot"),
        ]))
  }

  @Test func learnsLines() throws {
    let model = try Self.trained.get()
    let report = try model.evaluate(on: ReadData(try ReadToy.lines(60, seed: 3)))
    #expect(report["character error rate"] < 0.03, "\(report.line)")
    #expect(report["character error rate without spaces"] < 0.03)
    #expect(
      report.scores.map(\.name).prefix(3) == [
        "character error rate", "character error rate without spaces", "word error rate",
      ])
    #expect(report.examples.count == 60)
    // Ink that is light is no matter.
    let answer = try model.read(ReadToy.picture("Lab cié").inverted())
    #expect(answer.text == "Lab cié")
    #expect(answer.lines.count == 1 && answer.lines[0].confidence > 0.5)
    #expect(answer.lines[0].words.map(\.text) == ["Lab", "cié"])
    let boxes = answer.lines[0].words.map(\.box)
    // The words' ink lies in columns 4…37 and 52…85.
    #expect(abs(boxes[0].x - 2) <= 2 && abs(boxes[0].x + boxes[0].width - 36) <= 2, "\(boxes)")
    #expect(abs(boxes[1].x - 50) <= 2 && abs(boxes[1].x + boxes[1].width - 84) <= 2, "\(boxes)")
  }

  @Test func readsPages() throws {
    let model = try Self.trained.get()
    let texts = ["Lab ciab abba cab", "cab Lai bébé acab", "abc iLba caba Lac", "bac éca baLé cLab"]
    let page = ReadToy.page(texts)
    let answer = try model.read(page)
    #expect(answer.text == texts.joined(separator: "\n"))
    #expect(answer.turned == 0 && answer.width == page.width && answer.image == "the picture")
    #expect(answer.columns.count == answer.rows[0].count && answer.rows.count == 4)
    // Turned a little, places are those of the picture that was given.
    let turned = try model.read(page.rotated(degrees: 3, fill: [235], expands: true))
    #expect(turned.lines.count == 4 && abs(turned.angle - 3) < 0.3)
    let alto = try LayoutReader.layout(Array(answer.document(.alto).utf8), name: "alto.xml")
    #expect(alto.lines.map(\.text) == texts && alto.pictureName == "the picture")
    #expect(alto.lines[0].words.map(\.text) == ["Lab", "ciab", "abba", "cab"])
    let hocr = answer.document(.hocr)
    #expect(hocr.contains("ocr_line") && hocr.contains("x_wconf") && hocr.contains(">bébé<"))
    // The layout that was written is read as one that is given.
    let again = try model.answers([ReadInput(page, layout: alto)])[0]
    #expect(again.lines.count == 4 && again.lines[0].box == answer.lines[0].box)
  }

  /// Read mirrored, as texts from right to left are: words come from the right, and numbers in them from the left.
  @Test func linesFromRightToLeft() throws {
    var settings = ReadToy.small(epochs: 40)
    settings.learning.validationShare = 0
    let hebrew: [Character: Character] = ["a": "א", "b": "ב", "c": "ג", "i": "ד", "L": "1", "é": "2"]
    var random = RandomSource(seed: 4)
    let lines = try (0..<240).map { index in
      let seen = ReadToy.text(&random)
      let text = RightToLeft.reordered(String(seen.reversed().map { hebrew[$0] ?? $0 }))
      return LineExample(
        picture: try ReadToy.picture(seen).normalizedLine(height: 22, name: "x"), text: text,
        place: "\(index)")
    }
    let model = try TextReader.train(on: ReadData(lines), settings: settings)
    #expect(model.settings.direction == .rightToLeft)
    #expect(try model.evaluate(on: ReadData(Array(lines.prefix(40))))["character error rate"] < 0.03)
    // Seen from the left: two words, the right one is the first, and its number runs from the left.
    let answer = try model.read(ReadToy.picture("abc Léi"))
    #expect(answer.text == "ד12 גבא", "\(answer.text)")
    let boxes = answer.lines[0].words.map(\.box)
    #expect(
      answer.lines[0].words.map(\.text) == ["ד12", "גבא"] && boxes.count == 2 && boxes[0].x > boxes[1].x)
  }

  @Test func pagesWithoutTextAreEmpty() throws {
    let model = try Self.trained.get()
    var notes: [String] = []
    let blank = Picture(width: 400, height: 500, color: [240])
    let answer = try model.answers(
      [ReadInput(blank, name: "blank.png")], session: AnswerSession(note: { notes.append($0) }))[0]
    #expect(answer.text == "" && answer.shown == "" && answer.regions.isEmpty)
    #expect(notes == ["blank.png: no line of text was found"])
    #expect(try LayoutReader.layout(Array(answer.document(.alto).utf8), name: "x").regions.isEmpty)
  }

  @Test func upsideDownIsSaid() throws {
    let model = try Self.trained.get()
    let texts = (0..<8).map { _ in "aca bac caaL aci bcca cacb" }
    var notes: [String] = []
    let answer = try model.answers(
      [ReadInput(ReadToy.page(texts).rotated(quarterTurns: 2), name: "p")],
      session: AnswerSession(note: { notes.append($0) }))[0]
    if answer.turned == 180 { #expect(notes.contains("p: the page stands on its head, and was turned")) }
    #expect(answer.turned == 180 && answer.lines.count == 8, "\(answer.turned) \(answer.lines.count)")
    // The first line of the text stands at the bottom of the picture.
    #expect(answer.lines[0].box.y > answer.lines[7].box.y)
  }

  @Test func drawsWhatWasFound() throws {
    let model = try Self.trained.get()
    let folder = try TestFolder()
    var options = ReadOptions()
    options.plot = "\(folder.path)/found.svg"
    let page = ReadToy.page(["abc cab", "cab abc"])
    _ = try model.answers([ReadInput(page), ReadInput(page)], options: options)
    for name in ["found.svg", "found-2.svg"] {
      let text = String(decoding: try folder.read(name), as: UTF8.self)
      #expect(text.contains("data:image/png;base64,iVBOR") && text.contains("2 lines in 1 regions"))
    }
  }

  // MARK: Bad input

  @Test func filesAreReadAndFaultsTold() throws {
    let folder = try TestFolder()
    for (index, line) in try ReadToy.lines(12).enumerated() {
      try folder.write(line.picture.png(), "\(index).png")
      try folder.write(Array(line.text.utf8), "\(index).gt.txt")
    }
    try folder.write([1, 2, 3], "bad.png")
    try folder.write(Array("abc".utf8), "bad.gt.txt")
    try folder.write(Array("abc".utf8), "gone.gt.txt")
    // One column of pixels for a long text, and a picture that is no line.
    try folder.write(Picture(width: 1, height: 1, color: [0]).png(), "dot.png")
    try folder.write(Array("abcabcabcabcabcabcabc".utf8), "dot.gt.txt")
    try folder.write(Picture(width: 1, height: 5000, color: [0]).png(), "high.png")
    try folder.write(Array("abc".utf8), "high.gt.txt")
    try folder.write(Picture(width: 9, height: 9, color: [0]).png(), "empty.png")
    try folder.write([], "empty.gt.txt")
    var notes: [String] = []
    let session = TaskSession(report: { if case .note(let text) = $0 { notes.append(text) } })
    let words = ["epochs=1", "height=22", "hidden=8", "layers=1", "validation-share=0"]
    let model = try TextReader.train(files: [folder.path], words: words, session: session)
    #expect(model.record.facts.contains(Fact("lines", 13)))
    #expect(notes.contains { $0.contains("bad.png") } && notes.contains { $0.contains("gone.gt.txt") })
    #expect(notes.contains { $0.contains("high.png") && $0.contains("1 × 5000") })
    #expect(notes.contains("3 of 16 lines or files were left out"))
    #expect(notes.contains("left out, for nobody has transcribed them: 1 lines"))
    #expect(notes.contains { $0.contains("too short for their texts") && $0.contains("dot.png") }, "\(notes)")
    #expect(throws: DataError.self) {
      _ = try TextReader.train(files: [folder.path], words: words + ["strict"])
    }
    // Evaluation reads the same files.
    #expect(try model.evaluate(files: ["\(folder.path)/0.png"]).scores[0].value != nil)
    // Pictures to read: damaged ones end it, or are told and left out.
    #expect(throws: DataError.self) { _ = try ReadTask.input("\(folder.path)/no.png", model, ReadOptions()) }
    #expect(throws: DataError.self) {
      _ = try ReadTask.inputs(contentsOf: "\(folder.path)/bad.png", model, ReadOptions(), note: { _ in })
    }
    var options = ReadOptions()
    options.skipDamaged = true
    var told: [String] = []
    let none = try ReadTask.inputs(
      contentsOf: "\(folder.path)/bad.png", model, options, note: { told.append($0) })
    #expect(none?.isEmpty == true && told.count == 1 && told[0].contains("bad.png"))
    #expect(throws: DataError.self) { _ = try model.read(Picture(width: 5000, height: 1, color: [0])) }
    _ = try model.read(Picture(width: 1, height: 1, color: [0]))
  }

  @Test func nothingToLearnFromIsSaid() throws {
    let dot = LineExample(
      picture: try Picture(width: 2, height: 22, color: [9]).normalizedLine(height: 22, name: "x"),
      text: "abcdefgh",
      place: "x")
    let error = #expect(throws: DataError.self) {
      _ = try TextReader.train(on: ReadData([dot]), settings: ReadToy.small(epochs: 1))
    }
    #expect(error?.kind == .emptyFile)
  }

  @Test func newCharactersNeedGrowth() throws {
    let old = try ReadToy.lines(12).filter { !$0.text.contains("é") }
    let new = try ReadToy.lines(30, seed: 5)
    var settings = ReadToy.small(epochs: 1)
    settings.learning.validationShare = 0
    let model = try TextReader.train(on: ReadData(old), settings: settings)
    let error = #expect(throws: DataError.self) {
      _ = try TextReader.train(on: ReadData(new), settings: settings, from: model)
    }
    #expect(error?.kind == .badLabel && error?.found?.contains("é") == true)
    let grown = try TextReader.train(on: ReadData(new), settings: settings, from: model, grows: true)
    let symbols = model.preparation.alphabet.symbols
    #expect(Array(grown.preparation.alphabet.symbols.prefix(symbols.count)) == symbols)
    #expect(grown.preparation.alphabet.symbols.contains("é"))
  }

  @Test(arguments: [(TextNormalization.nfc, 1), (.nfd, 2), (.none, 2)])
  func textsHaveOneForm(_ form: TextNormalization, _ scalars: Int) throws {
    var settings = ReadToy.small(epochs: 1)
    settings.ctc.normalization = form
    settings.learning.validationShare = 0
    let line = LineExample(
      picture: try ReadToy.picture("é").normalizedLine(height: 22, name: "x"), text: "e\u{301}", place: "x")
    let model = try TextReader.train(on: ReadData([line]), settings: settings)
    #expect(model.preparation.alphabet.symbols.count == scalars)
    let report = try model.evaluate(on: ReadData([line]))
    #expect(report.examples[0].truth.unicodeScalars.count == scalars)
  }
}
