import Testing
import UnrollData
import UnrollTasks

/// Files as people have them, through the tasks that read them.
struct MessyTextTests {
  private let folder: TestFolder

  init() throws { folder = try TestFolder() }

  private func tagData(_ text: String, _ name: String = "tags.conll") throws -> (TagData, notes: [String]) {
    try folder.write(Array(text.utf8), name)
    var notes: [String] = []
    let data = try TagTask.read(["\(folder.path)/\(name)"], TagSettings()) { notes.append($0) }
    return (data, notes)
  }

  @Test(arguments: [
    ("Ann U-p\nmet O\nNew B-l\nYork L-l\n", ["S-p", "O", "B-l", "E-l"], "BILOU"),
    ("Ann B-p\nmet O\nRome I-l\n", ["B-p", "O", "B-l"], "1 I-"),
    ("Ann B-p\nmet 0\nRome B-l\n", ["B-p", "O", "B-l"], "0 is read as O"),
  ]) func tagsAreMendedAndTold(_ text: String, _ tags: [String], _ word: String) throws {
    let (data, notes) = try tagData(text)
    #expect(data.sentences.map(\.tags) == [tags])
    #expect(notes.contains { $0.contains(word) }, "\(notes)")
    // What was mended is learned from.
    var settings = TagSettings()
    _ = try TagTask.prepare(data, &settings)
  }

  @Test func aRowOfNamesIsNoWord() throws {
    let (data, notes) = try tagData(
      "TOKEN\tNE-COARSE\tMISC\nAnn\tB-pers\t_\nsees\tO\t_\n\nRome\tB-loc\t_\n", "hipe.tsv")
    #expect(data.sentences.map(\.words) == [["Ann", "sees"], ["Rome"]])
    #expect(data.sentences[0].tags == ["B-pers", "O"] && notes.contains { $0.contains("names the columns") })
  }

  @Test func tablesAreNamedForWhatTheyAre() throws {
    let table = "Sentence,Word,Tag\n0,Ann,B-p\n,sees,O\n,Rome,B-l\n"
    let error = #expect(throws: DataError.self) { try tagData(table, "ner.csv") }
    #expect(error?.description.contains("a table with commas") == true)
  }

  @Test func textsWithoutBlanksAreReadByCharacter() throws {
    let texts = ["今天天气很好我们去公园", "这部电影太无聊了不好看", "服务很好下次还会再来", "东西坏了退货也没有人理"]
    let all = (0..<20).map { texts[$0 % 4] }
    let data = try ClassifyData(texts: all, labels: (0..<20).map { $0 % 2 == 0 ? "good" : "bad" })
    let settings = ClassifyTask.defaults(for: data, ClassifySettings())
    #expect(settings.tokens.tokens == .characters)
    var own = settings
    let preparation = try ClassifyTask.prepare(data, &own)
    let remarks = ClassifyTask.remarks(DataParts(training: data), own, preparation)
    #expect(remarks.contains { $0.contains("characters are read") })
    let english = try ClassifyData(
      texts: (0..<20).map { "a good day number \($0) for all of us" }, labels: (0..<20).map { "\($0 % 2)" })
    #expect(ClassifyTask.defaults(for: english, ClassifySettings()).tokens.tokens == .words)
  }

  @Test func labelsThatAreAlikeAreTold() throws {
    try folder.write(
      Array("text,label\na,Pos\nb,pos\nc,1\nd,1.0\ne,neg\n".utf8), "labels.csv")
    var settings = ClassifySettings()
    (settings.text, settings.label) = ("text", "label")
    var notes: [String] = []
    _ = try ClassifyTask.read(["\(folder.path)/labels.csv"], settings) { notes.append($0) }
    #expect(notes.count == 2 && notes.contains { $0.contains("\"Pos\", \"pos\"") }, "\(notes)")
  }

  @Test func tablesAreAnsweredByTheColumnOfTraining() throws {
    try folder.write(Array("label,text\nx,one\ny,two words\n".utf8), "new.csv")
    let path = "\(folder.path)/new.csv"
    var reader = try TextRecordReader(path: path, column: nil, usual: "text")
    #expect(try reader.next()?.text == "one")
    #expect(throws: DataError.self) { try TextRecordReader(path: path, column: nil, usual: "other") }
    var asked = try TextRecordReader(path: path, column: "label", usual: "text")
    #expect(try asked.next()?.text == "x")
  }
}
