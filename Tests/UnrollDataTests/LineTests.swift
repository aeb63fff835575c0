import Foundation
import Testing
import UnrollData

/// Pictures of lines with their texts, from every kind of file.
@Suite struct LineTests {
  /// A folder that is there while `body` runs.
  private func withFolder<R>(_ files: [String: [UInt8]], _ body: (String) throws -> R) throws -> R {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("unroll-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: url) }
    for (name, bytes) in files {
      let file = url.appendingPathComponent(name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: file)
    }
    return try body(url.path)
  }

  /// A bar of ink on paper.
  private func bar(_ width: Int, _ height: Int, ink: UInt8 = 20, paper: UInt8 = 220) -> Picture {
    var picture = Picture(width: width, height: height, color: [paper])
    for y in height / 3..<max(height / 3 + 1, height / 2) {
      for x in width / 4..<max(width / 4 + 1, width / 2) { picture[x, y] = ink }
    }
    return picture
  }

  private func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func read(_ paths: [String], _ change: (inout LineExampleReader) -> Void = { _ in }) throws
    -> LineExamples
  {
    var reader = LineExampleReader(height: 12)
    change(&reader)
    return try reader.read(paths)
  }

  private func failure(_ body: () throws -> Void) -> DataError? {
    do {
      try body()
      return nil
    } catch { return error as? DataError }
  }

  @Test func linesHaveOneHeightAndDarkInk() throws {
    let plain = try bar(60, 24).normalizedLine(height: 12, name: "x")
    #expect(plain.width == 30 && plain.height == 12 && plain.channels == 1)
    #expect(plain.pixels.max() == 255 && plain.pixels.min().map { $0 < 60 } == true)
    // Light on dark gives the same as dark on light.
    let inverted = try bar(60, 24).inverted().normalizedLine(height: 12, name: "x")
    #expect(zip(plain.pixels, inverted.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
    // Colour and alpha are no matter.
    #expect(try bar(60, 24).rgb().normalizedLine(height: 12, name: "x") == plain)
    // An empty line stays as it is.
    let empty = Picture(width: 20, height: 10, channels: 1, pixels: (0..<200).map { UInt8(200 + $0 % 7) })
    #expect(try empty.normalizedLine(height: 10, name: "x") == empty)
    #expect(try Picture(width: 1, height: 1, color: [9]).normalizedLine(height: 48, name: "x").width == 48)
  }

  @Test(arguments: [(5000, 1), (201, 1), (1, 5000), (1, 101)])
  func strangeShapesAreNoLines(_ width: Int, _ height: Int) {
    let error = failure {
      _ = try Picture(width: width, height: height, color: [9]).normalizedLine(height: 48, name: "x.png")
    }
    #expect(error?.kind == .badPicture && error?.description.contains("\(width) × \(height)") == true)
  }

  @Test func texts() {
    #expect(TextNormalization.nfc(" e\u{301}\t a\n") == "é a")
    #expect(Array(TextNormalization.nfc("e\u{301}").unicodeScalars).count == 1)
    #expect(Array(TextNormalization.nfd("é\u{323}").unicodeScalars.map(\.value)) == [0x65, 0x323, 0x301])
    #expect(Array(TextNormalization.nfd("각").unicodeScalars.map(\.value)) == [0x1100, 0x1161, 0x11A8])
    #expect(Array(TextNormalization.none("e\u{301}").unicodeScalars).count == 2)
    #expect(TextNormalization.nfc("\u{FEFF} \u{A0} ") == "")
  }

  @Test(arguments: [
    ("שלום 123 abc", "שלום 321 cba"), ("ab cd אב", "dc ba אב"), ("א 12 34 ב", "א 21 43 ב"),
    ("ג 3.14", "ג 41.3"),
    ("(a) ב", "(a) ב"), ("", ""), ("é-b", "b-é"), ("سنة ١٩٨٤", "سنة ٤٨٩١"), (" a", " a"), ("a ", "a "),
  ])
  func runsFromLeftToRightAreReversed(_ text: String, _ order: String) {
    #expect(RightToLeft.reordered(text) == order)
    #expect(RightToLeft.reordered(order) == text)
  }

  @Test func wordsArePartedInTheirGaps() {
    var line = Picture(width: 20, height: 4, color: [255])
    for x in [2, 3, 5, 10, 11, 12, 17] { line[x, 1] = 0 }
    #expect(InkColumns(line, mirrored: false).words(between: [3..<12]) == [2..<6, 10..<18])
    #expect(
      InkColumns(line, mirrored: false).words(between: [3..<12, 12..<18]) == [2..<6, 10..<13, 17..<18])
    // From the right: column 17 is the third.
    #expect(InkColumns(line, mirrored: true).words(between: [2..<8]) == [17..<18, 2..<13])
    #expect(InkColumns(line, mirrored: false).words(between: []) == [2..<18])
    // Whatever is asked, there are as many words, and all lie in the picture.
    let dark = InkColumns(Picture(width: 3, height: 1, color: [0]), mirrored: false)
    let parts = dark.words(between: [0..<1, 1..<1, 90..<99])
    #expect(parts.count == 4 && parts.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= 3 && !$0.isEmpty })
  }

  @Test func directionsAreToldByLetters() {
    #expect(
      RightToLeft.prevails(in: ["abc", "שלום"]) && !RightToLeft.prevails(in: ["abcd", "שלו 12", "..."]))
    #expect(!RightToLeft.prevails(in: [String]()))
  }

  @Test func pairsInFoldersAreRead() throws {
    let png = bar(40, 20).png()
    try withFolder([
      "b/x.png": png, "b/x.gt.txt": utf8("Ab c\n"), "a/y.bin.png": png, "a/y.gt.txt": utf8("e\u{301}"),
      "a/none.gt.txt": utf8("text"), "a/empty.png": png, "a/empty.gt.txt": utf8(" \n"),
      "a/bad.png": utf8("no"),
      "a/bad.gt.txt": utf8("x"), "a/latin.png": png, "a/latin.gt.txt": [0xE9],
      "a/other.txt": utf8("not read"),
    ]) { folder in
      let found = try read([folder])
      #expect(found.lines.map(\.text) == ["é", "Ab c"])
      #expect(found.lines.map(\.place) == ["\(folder)/a/y.bin.png", "\(folder)/b/x.png"])
      #expect(found.lines.allSatisfy { $0.picture.height == 12 && $0.picture.width == 24 })
      #expect(found.withoutText == 1)
      #expect(found.problems.map(\.kind) == [.unsupportedPicture, .notText, .missingFile])
      #expect(
        found.problems[2].description.contains("none.gt.txt: expected the picture of the line beside it"))
      #expect(failure { _ = try read([folder]) { $0.isStrict = true } }?.kind == .unsupportedPicture)
      // Either of both is named.
      for name in ["b/x.png", "b/x.gt.txt", "a/y.bin.png"] {
        #expect(try read(["\(folder)/\(name)"]).lines.count == 1)
      }
      #expect(failure { _ = try read(["\(folder)/a/none.png"]) }?.kind == .missingFile)
      #expect(
        failure { _ = try read(["\(folder)/a/empty.png"]) }?.description.contains("1 line without text")
          == true)
    }
    try withFolder(["x.png": png]) { folder in
      let alone = failure { _ = try read(["\(folder)/x.png"]) }
      #expect(alone?.kind == .missingFile)
      #expect(alone?.expected?.contains("x.gt.txt") == true, "\(String(describing: alone))")
      let none = failure { _ = try read([folder]) }
      #expect(none?.kind == .emptyFile)
    }
  }

  @Test func tablesAreRead() throws {
    let png = bar(40, 20).png()
    try withFolder([
      "p/1.png": png, "p/2.png": png,
      "gt.tsv": utf8("p/1.png\tsaid \"so\"\np/3.png\tgone\np/2.png\tb\np/2.png\t\n"),
      "named.csv": utf8("id,text,file\n1,\"a, b\",p/1.png\n"), "odd.csv": utf8("where,what\np/1.png,x\n"),
      "list.jsonl": utf8("{\"image\": \"p/2.png\", \"text\": \"j\"}\n"), "empty.tsv": [],
    ]) { folder in
      let found = try read(["\(folder)/gt.tsv"])
      #expect(found.lines.map(\.text) == ["said \"so\"", "b"] && found.withoutText == 1)
      #expect(
        found.problems.count == 1 && found.problems[0].line == 2 && found.problems[0].found == "\"p/3.png\"")
      #expect(found.lines[1].place == "\(folder)/gt.tsv, line 3: p/2.png")
      #expect(try read(["\(folder)/named.csv"]).lines.map(\.text) == ["a, b"])
      #expect(try read(["\(folder)/list.jsonl"]).lines.map(\.text) == ["j"])
      #expect(failure { _ = try read(["\(folder)/odd.csv"]) }?.kind == .badRoles)
      let named = try read(["\(folder)/odd.csv"]) { ($0.pictureColumn, $0.textColumn) = ("where", "what") }
      #expect(named.lines.map(\.text) == ["x"])
      #expect(failure { _ = try read(["\(folder)/odd.csv"]) { $0.textColumn = "wat" } }?.kind != nil)
      #expect(failure { _ = try read(["\(folder)/empty.tsv"]) }?.kind == .emptyFile)
      #expect(failure { _ = try read(["\(folder)/gt.tsv"]) { $0.isStrict = true } }?.line == 2)
      #expect(failure { _ = try read(["\(folder)/nothing.tsv"]) }?.kind == .missingFile)
    }
  }

  private func page(_ name: String, width: Int = 100) -> [UInt8] {
    utf8(
      """
      <PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15">
      <Page imageFilename="\(name)" imageWidth="\(width)" imageHeight="80"><TextRegion id="r"><Coords points="0,0 99,0 99,79"/>
      <TextLine id="l1"><Coords points="10,10 50,10 50,29 10,29"/><TextEquiv><Unicode>One</Unicode></TextEquiv></TextLine>
      <TextLine id="l2"><Coords points="10,40"/><TextEquiv><Unicode>Two</Unicode></TextEquiv></TextLine>
      <TextLine id="l3"><Coords points="200,10 250,10 250,29"/><TextEquiv><Unicode>Off</Unicode></TextEquiv></TextLine>
      <TextLine id="l4"><Coords points="10,50 50,50 50,69 10,69"/></TextLine>
      </TextRegion></Page></PcGts>
      """)
  }

  @Test func linesAreCutFromPages() throws {
    // Ink of a neighbour lies in the corner of the line's rectangle, outside its outline.
    var picture = Picture(width: 100, height: 80, color: [230])
    for y in 15..<25 { for x in 15..<45 { picture[x, y] = 10 } }
    let alto = utf8(
      """
      <alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Description><MeasurementUnit>pixel</MeasurementUnit>
      <sourceImageInformation><fileName>p.png</fileName></sourceImageInformation></Description>
      <Layout><Page WIDTH="100" HEIGHT="80"><PrintSpace><TextBlock ID="b" HPOS="0" VPOS="0" WIDTH="99" HEIGHT="79">
      <TextLine ID="t" HPOS="10" VPOS="10" WIDTH="41" HEIGHT="20"><String CONTENT="O" HPOS="10" VPOS="10" WIDTH="9" HEIGHT="9"/>
      </TextLine></TextBlock></PrintSpace></Page></Layout></alto>
      """)
    try withFolder([
      "p.png": picture.png(), "p.xml": page("elsewhere/p.png"), "q.xml": page("q.tif"),
      "q.png": picture.png(),
      "alto.xml": alto, "w.xml": page("p.png", width: 101), "gone.xml": page("/etc/passwd"),
      "other.xml": utf8("<a/>"),
    ]) { folder in
      let found = try read(["\(folder)/p.xml"])
      #expect(found.lines.map(\.text) == ["One"] && found.withoutText == 1)
      #expect(found.lines[0].place == "\(folder)/p.xml, line \"l1\"")
      #expect(found.lines[0].picture.width == 25 && found.lines[0].picture.height == 12)
      #expect(found.problems.map(\.kind) == [.badLayout, .badLayout])
      #expect(found.problems[1].description.contains("line \"l3\""))
      #expect(try read(["\(folder)/q.xml"]).lines[0].picture == found.lines[0].picture)
      #expect(try read(["\(folder)/alto.xml"]).lines.map(\.text) == ["O"])
      #expect(failure { _ = try read(["\(folder)/w.xml"]) }?.description.contains("101 × 80") == true)
      let gone = failure { _ = try read(["\(folder)/gone.xml"]) }
      #expect(gone?.kind == .missingFile && gone?.description.contains("\(folder)/passwd") == true)
      #expect(failure { _ = try read(["\(folder)/other.xml"]) }?.kind == .badLayout)
      let all = try read([folder])
      #expect(all.lines.count == 3 && all.problems.count == 7)
    }
  }
}
