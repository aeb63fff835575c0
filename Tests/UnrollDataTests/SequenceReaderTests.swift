import Testing
import UnrollData

@Suite struct SequenceReaderTests {
  static let header =
    "# about\n@problemName Toy\n@timeStamps false\n@univariate true\n@classLabel true a b\n@data\n"

  static func read(_ text: String) throws(DataError) -> [NumericSequence] {
    var reader = try SequenceFileReader(source(text, name: "toy.ts"))
    return try everything { () throws(DataError) in try reader.next() }
  }

  @Test func univariateSequencesMayDifferInLength() throws {
    let sequences = try Self.read(Self.header + "1,2.5,-3E-1:a\n?,NaN, 4 : b \n\n:a\n")
    #expect(sequences.map(\.steps) == [3, 3, 0])
    #expect(sequences[0].values == [1, 2.5, -0.3])
    #expect(sequences[1].values[0].isNaN && sequences[1].values[1].isNaN && sequences[1].values[2] == 4)
    #expect(sequences.map(\.label) == ["a", "b", "a"])
    #expect(sequences.map(\.line) == [7, 8, 10])
  }

  @Test func featuresOfAStepStandSideBySide() throws {
    let head =
      "@univariate false\r\n@dimensions 2\r\n@equalLength true\r\n@seriesLength 3\r\n@classLabel false\r\n@data\r\n"
    let sequences = try Self.read(head + "1,2,3:4,5,6\r\n")
    #expect(sequences[0].values == [1, 4, 2, 5, 3, 6])
    #expect(sequences[0].label == nil)
  }

  @Test(arguments: [
    (header + "1,x:a\n", DataError.Kind.notANumber, 7, "found \"x\""),
    (header + "1,,2:a\n", .notANumber, 7, "found \"\""),
    (header + "1e99:a\n", .notANumber, 7, "found \"1e99\""),
    (header + "1,2:c\n", .badLabel, 7, "one of the labels a, b"),
    (header + "1,2\n", .badLabel, 7, "found \"1,2\""),
    (header + "1:2:a\n", .badSequence, 7, "1 dimension"),
    ("@dimensions 2\n@data\n1,2:3\n", .badSequence, 3, "2 values in each dimension"),
    ("@equalLength true\n@univariate true\n@data\n1,2\n1\n", .badSequence, 5, "equally long"),
    ("@timeStamps true\n", .badSequence, 1, "without their times"),
    ("@univariat true\n", .badSequence, 1, "did you mean @univariate?"),
    ("@univariate yes\n", .badSequence, 1, "true or false"),
    ("@dimensions -2\n", .badSequence, 1, "a number above 0"),
    ("@classLabel true\n", .badSequence, 1, "the labels behind"),
    ("@targetlabel true\n", .badSequence, 1, "labels of classes"),
    ("1,2,3\n", .badSequence, 1, "starts with @"),
    ("@univariate true\n", .badSequence, 1, "@data"),
    (header, .noRows, 0, "no sequences"), ("", .emptyFile, 0, "empty"),
    ("# c\n", .emptyFile, 0, "empty"),
  ])
  func brokenFilesAreRefused(_ text: String, _ kind: DataError.Kind, _ line: Int, _ words: String) {
    let error = dataError { () throws(DataError) in _ = try Self.read(text) }
    #expect(error?.kind == kind)
    #expect((error?.line ?? 0) == line)
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }

  @Test func tablesHaveARowForEachStep() throws {
    var reader = try SequenceTableReader(
      source("id,t,x,y,label\nA,1,1,2,up\nA,2,3,,up\nB,1,?,6,down\n"), id: "id", label: "label",
      features: ["x", "y"])
    let sequences = try everything { () throws(DataError) in try reader.next() }
    #expect(sequences.map(\.id) == ["A", "B"])
    #expect(sequences.map(\.label) == ["up", "down"])
    #expect(sequences.map(\.steps) == [2, 1])
    #expect(sequences[0].values[..<3] == [1, 2, 3] && sequences[0].values[3].isNaN)
    #expect(sequences[1].values[0].isNaN && sequences[1].values[1] == 6)
    #expect(sequences.map(\.line) == [2, 4])
    let others = try SequenceTableReader(source("id,x,y,label\nA,1,2,u\n"), id: "id", label: "label")
    #expect(others.features == ["x", "y"])
  }

  @Test(arguments: [
    ("id,x,label\nA,1,u\nB,1,u\nA,2,u\n", DataError.Kind.badSequence, 4, "started on line 2"),
    ("id,x,label\nA,1,u\nA,2,d\n", .badLabel, 3, "from line 2 on"),
    ("id,x,label\nA,one,u\n", .notANumber, 2, "\"one\""),
    ("id,x,label\n,1,u\n", .noIdentifier, 2, "an identifier"),
    ("id,x,label\nA,1,\n", .badLabel, 2, "a label"),
    ("id,x,label\n", .noRows, 0, "no rows"),
    ("ids,x,label\nA,1,u\n", .noColumn, 0, "did you mean \"ids\"?"),
  ])
  func brokenTablesAreRefused(_ text: String, _ kind: DataError.Kind, _ line: Int, _ words: String) {
    let error = dataError { () throws(DataError) in
      var reader = try SequenceTableReader(source(text), id: "id", label: "label", features: ["x"])
      while try reader.next() != nil {}
    }
    #expect(error?.kind == kind)
    #expect((error?.line ?? 0) == line)
    #expect(error?.description.contains(words) == true)
  }

  @Test func aColumnHasOneRole() {
    let error = dataError { () throws(DataError) in
      _ = try SequenceTableReader(source("id,x\nA,1\n"), id: "id", label: "id")
    }
    #expect(error?.kind == .badRoles)
  }
}
