import Foundation
import Testing
import UnrollData

/// The inputs that were collected beside the package, each with what is right for it; skipped where they are absent.
@Suite struct SharedCaseTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "../../../shared/cases"
  )
  .standardizedFileURL.path
  private static var isThere: Bool { FileManager.default.fileExists(atPath: folder) }

  /// A file, what is said of it, and what it is: the series, their frequency, the time behind the first, its first value.
  struct Read: CustomTestStringConvertible, Sendable {
    let file: String
    let count: Int
    let frequency: String
    let next: String
    let first: Double
    var request = SeriesRequest()
    var testDescription: String { file }

    init(
      _ file: String, _ count: Int, _ frequency: String, _ next: String, _ first: Double,
      _ request: SeriesRequest = SeriesRequest()
    ) {
      (self.file, self.count, self.frequency) = (file, count, frequency)
      (self.next, self.first, self.request) = (next, first, request)
    }
  }

  static let readable: [Read] = [
    Read("desc_text", 1, "daily", "May 30, 2020", 99.49),
    Read("shuffled_text", 1, "daily", "30-May-2020", 99.49),
    Read("ids_text", 2, "daily", "30-May-2020", 99.49), Read("m_monyy", 1, "monthly", "Jan-20", 95.24),
    Read("d_dmy", 1, "daily", "30-May-2020", 99.23), Read("m_yyyymm", 1, "monthly", "202001", 102.74),
    Read("de_int_thousands", 1, "daily", "30.05.2020", 891), Read("de_mixed", 1, "daily", "30.05.2020", 891),
    Read("meter", 1, "daily", "2020-05-30", 1_234_567_001),
    Read("huge_off", 1, "daily", "2020-05-30", 1_000_000_000_099.23),
    Read("known", 1, "daily", "2020-05-30", 99.23, SeriesRequest(known: ["price", "holiday"])),
    Read("wide_dates", 5, "daily", "4/10/20", 100, SeriesRequest(wide: true)),
    Read("unixfloat", 1, "200 milliseconds", "1577836880.000", 100.77),
    Read("float_steps", 1, "step", "15.0", 99.23),
    Read("excel", 1, "daily", "43981", 99.23, SeriesRequest(time: "Date", frequency: .daily)),
    Read(
      "known_text", 1, "daily", "2020-05-30", 99.23, SeriesRequest(targets: ["sales"], known: ["holiday"])),
    Read("year_month_cols", 1, "monthly", "2020-01", 101.22),
    Read(
      "datetime_cols", 1, "hourly", "2/1/2017 09:00:00", 3.234,
      SeriesRequest(missing: TimeSeries.defaultMissing + ["?"])),
    Read("amb_eu12", 1, "daily", "13/04/2020", 118.7), Read("intermittent", 1, "daily", "2021-02-04", 0),
    Read("monsat", 1, "daily on Mon-Sat", "2020-07-20", 96.97),
    Read("m_lastbiz", 1, "monthly on the last business day", "2020-01-31", 94.56),
    Read("ids_two_cols", 4, "daily", "2020-04-30", 99.88, SeriesRequest(id: "store,item")),
    Read("thousands", 1, "daily", "2020-05-30", 992_324), Read("euro", 1, "daily", "30.05.2020", 9923.24),
    Read("dollar", 1, "daily", "2020-05-30", 9923.24), Read("neg_unicode", 1, "daily", "2020-05-30", -20.77),
    Read("zeros", 1, "daily", "2020-05-30", 0),
    Read("dst_autumn", 1, "hourly", "2021-11-07 02:00", 107.07, SeriesRequest(repeatedTimes: .first)),
  ]

  @Test(.enabled(if: isThere), arguments: readable) func filesAreRead(_ one: Read) throws {
    let table = try CSVTable(path: "\(Self.folder)/forecast/\(one.file).csv")
    let series = try TimeSeries(table, one.request)
    #expect(series.count == one.count && series.frequency.description == one.frequency)
    #expect(series[0].targets[0][0] == one.first)
    if one.file != "dst_autumn" { #expect(series.timeText(of: series[0].count, in: series[0]) == one.next) }
  }

  @Test(
    .enabled(if: isThere),
    arguments: [
      ("eia", DataError.Kind.notATime, 14), ("known", .badRoles, 151), ("wide_dates", .wideTable, 1),
      ("dst_autumn", .duplicateTime, 315),
      ("mixfreq", .mixedFrequencies, 152), ("units", .notATime, 2),
    ] as [(String, DataError.Kind, Int)]) func filesAreRefusedWithAHint(
      _ file: String, _ kind: DataError.Kind, _ line: Int
    )
  {
    let error = dataError { () throws(DataError) in
      _ = try TimeSeries(CSVTable(path: "\(Self.folder)/forecast/\(file).csv"), SeriesRequest())
    }
    #expect(
      error?.kind == kind && error?.line == line && error?.hint?.parameter != nil,
      "\(String(describing: error))")
  }

  @Test(.enabled(if: isThere)) func tagsAreReadAlike() throws {
    func corpus(_ file: String, tag: String? = nil) throws(DataError) -> TaggedCorpus {
      let path = "\(Self.folder)/text/\(file)"
      let bytes = try TextFile.bytes(at: path)
      return try TaggedCorpus(
        ByteSource(bytes, name: path), format: try TaggedFormat.find(bytes, name: path, tag: tag), as: .bio)
    }
    let plain = try corpus("bio.conll")
    for (file, tag) in [("bilou.conll", nil), ("stray_i.conll", nil), ("ner_misc.conllu", "MISC")]
      as [(String, String?)]
    {
      let other = try corpus(file, tag: tag)
      #expect(other.scheme == .bio && (file == "ner_misc.conllu" || !other.notes.isEmpty))
      if file == "bilou.conll" { #expect(other.sentences.map(\.tags) == plain.sentences.map(\.tags)) }
    }
    #expect(try corpus("hipe_like.tsv").sentences[0].words.first == "12")
    #expect(
      dataError { () throws(DataError) in _ = try corpus("ner_table.csv") }?.found?.contains(
        "a table with commas") == true)
  }

  @Test(.enabled(if: isThere)) func textsAndLabelsAreRead() throws {
    func labels(_ file: String, leavesOut: Bool = false) throws -> (LabelSet, [LabeledText], Int) {
      var reader = try LabeledTextReader(
        path: "\(Self.folder)/text/\(file)", format: .columns(text: "text", label: "label"),
        leavesOutUnlabeled: leavesOut)
      var examples: [LabeledText] = []
      while let example = try reader.next() { examples.append(example) }
      return (LabelSet(examples.flatMap(\.labels)), examples, reader.leftOut)
    }
    let spaced = try labels("label_space.csv").0
    let unused = try labels("dup_unused.csv").0
    #expect(spaced.names == ["neg", "pos"] && unused.names == ["neg", "pos"])
    let (_, _, leftOut) = try labels("empty_label.csv", leavesOut: true)
    #expect(leftOut > 0)
    let trained = WordTokenizer.train(on: try labels("nfc_train.csv").1.map(\.text))
    let unknown = try labels("nfc_test.csv").1.flatMap { trained.encode($0.text) }.count {
      $0 == SpecialToken.unknown.id
    }
    #expect(unknown == 0)
    var lines = LineReader(try ByteSource(path: "\(Self.folder)/text/stdin_bom.txt"))
    #expect(try lines.nextText() == "rot hund")
  }
}
