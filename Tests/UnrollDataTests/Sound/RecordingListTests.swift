import Testing
import UnrollData

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A folder of its own, with folders in it, removed when the last reference goes.
private final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(
      path: "unroll-recordings-\(UInt64.random(in: .min ... .max))")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ bytes: [UInt8], _ name: String) throws {
    let url = URL(filePath: "\(path)/\(name)")
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }
}

@Suite struct RecordingListTests {
  private func read(
    _ files: [String: String], _ name: String, _ columns: RecordingList.Columns = .init()
  ) throws -> (folder: String, found: [Recording]) {
    let folder = try TemporaryFolder()
    for (name, text) in files { try folder.write(Array(text.utf8), name) }
    let found = try RecordingList.read("\(folder.path)/\(name)", columns)
    withExtendedLifetime(folder) {}
    return (folder.path, found)
  }

  /// Path beneath the folder, text and speaker of each.
  private func summary(_ result: (folder: String, found: [Recording])) -> [String] {
    result.found.map {
      let path =
        $0.path.hasPrefix(result.folder + "/") ? String($0.path.dropFirst(result.folder.count + 1)) : $0.path
      return "\(path)|\($0.text)|\($0.speaker ?? "")"
    }
  }

  @Test func tables() throws {
    let csv = "id,path,text,speaker\n1,a.wav,\"yes, no\",ann\n2,/x/b.wav,,\n"
    #expect(summary(try read(["t.csv": csv], "t.csv")) == ["a.wav|yes, no|ann", "/x/b.wav||"])
    let own = "name\tsaid\nq/a.wav\t\"hi\" she said\n"
    let columns = RecordingList.Columns(file: "name", text: "said")
    #expect(summary(try read(["t.tsv": own], "t.tsv", columns)) == ["q/a.wav|\"hi\" she said|"])
    #expect(throws: DataError.self) { try read(["t.tsv": own], "t.tsv") }
    #expect(throws: DataError.self) { try read(["t.csv": "file,text\n"], "t.csv") }
    #expect(throws: DataError.self) { try read(["t.csv": "file,text\n,a\n"], "t.csv") }
  }

  @Test func manifestsOfNeMo() throws {
    let lines = """
      {"audio_filepath": "a.wav", "duration": 1.5, "text": "go to"}
      {"audio_filepath": "b.wav", "offset": 2, "duration": 0.25, "text": "é"}
      """
    let result = try read(["m.json": lines], "m.json")
    #expect(summary(result) == ["a.wav|go to|", "b.wav|é|"])
    #expect(result.found.map(\.start) == [0, 2] && result.found.map(\.duration) == [1.5, 0.25])
    #expect(result.found.map(\.line) == [1, 2])
    #expect(throws: DataError.self) {
      try read(["m.json": #"{"audio_filepath": "a.wav", "offset": -1, "text": "a"}"#], "m.json")
    }
    #expect(throws: DataError.self) { try read(["m.json": "{\"audio_filepath\": \"a.wav\"}\n{"], "m.json") }
  }

  /// Quotes of Common Voice are characters.
  @Test func commonVoice() throws {
    let table = "client_id\tpath\tsentence\tage\nx1\tc_1.mp3\t\"Never,\" he said\t\nx2\tc_2\t\"Whole\"\t30\n"
    #expect(
      summary(try read(["train.tsv": table], "train.tsv")) == [
        "clips/c_1.mp3|\"Never,\" he said|x1", "clips/c_2.mp3|\"Whole\"|x2",
      ])
    #expect(throws: DataError.self) { try read(["t.tsv": table + "x3\tc\n"], "t.tsv") }
  }

  @Test func ljSpeech() throws {
    let table = "L-1|In 1 \"day|In one \"day\nL-2|or two|\n"
    let files = ["metadata.csv": table, "wavs/L-1.wav": ""]
    let wanted = ["wavs/L-1.wav|In one \"day|", "wavs/L-2.wav|or two|"]
    #expect(summary(try read(files, "metadata.csv")) == wanted)
    #expect(throws: DataError.self) {
      try read(["metadata.csv": table + "one\n", "wavs/L-1.wav": ""], "metadata.csv")
    }
  }

  @Test func librispeech() throws {
    let files = [
      "19/198/19-198.trans.txt": "19-198-0001 TO BE\n19-198-0002 OR NOT\n", "19/198/19-198-0002.wav": "",
      "26/495/26-495.trans.txt": "26-495-0000 SO\n",
    ]
    let wanted = [
      "19/198/19-198-0001.flac|TO BE|19", "19/198/19-198-0002.wav|OR NOT|19",
      "26/495/26-495-0000.flac|SO|26",
    ]
    let folder = try TemporaryFolder()
    for (name, text) in files { try folder.write(Array(text.utf8), name) }
    #expect(summary((folder.path, try RecordingList.read(folder.path))) == wanted)
    #expect(throws: DataError.self) { try RecordingList.read("\(folder.path)/19/198/none") }
  }

  @Test func kaldi() throws {
    let folder = try TemporaryFolder()
    let files = [
      "wav.scp": "r1 a.wav\nr2 /x/b.wav\n", "text": "u1 go  to\nu2\n", "utt2spk": "u1 s1\nu2 s2\n",
      "segments": "u1 r1 0.5 1.75\nu2 r2 0 1\n",
    ]
    for (name, text) in files { try folder.write(Array(text.utf8), name) }
    let found = try RecordingList.read(folder.path)
    #expect(summary((folder.path, found)) == ["a.wav|go  to|s1", "/x/b.wav||s2"])
    #expect(found.map(\.start) == [0.5, 0] && found.map(\.duration) == [1.25, 1])
    // A command would run a program of somebody else's choice.
    for (name, text) in [
      ("wav.scp", "r1 sph2pipe a.sph |\n"), ("wav.scp", "r9 a.wav\n"), ("segments", "u1 r1 2 1\nu2 r2 0 1\n"),
      ("segments", "u1 r1 nan 1\n"),
    ] {
      let bad = try TemporaryFolder()
      for (name, text) in files { try bad.write(Array(text.utf8), name) }
      try bad.write(Array(text.utf8), name)
      #expect(throws: DataError.self, "\(text)") { try RecordingList.read(bad.path) }
    }
  }

  @Test func sphinx() throws {
    let folder = try TemporaryFolder()
    let files = [
      "etc/t.fileids": "an4/fash/a-b\nan4/mgah/c\n",
      "etc/t.transcription": "<s> GO TO </s> (a-b)\nYES (c)\n", "wav/an4/mgah/c.sph": "",
    ]
    for (name, text) in files { try folder.write(Array(text.utf8), name) }
    let found = try RecordingList.read("\(folder.path)/etc/t.fileids")
    #expect(
      summary((folder.path, found)) == ["wav/an4/fash/a-b.wav|GO TO|fash", "wav/an4/mgah/c.sph|YES|mgah"])
    for text in ["GO (a-b)\n", "GO (a-b)\nYES (d)\n", "GO\nYES (c)\n"] {
      try folder.write(Array(text.utf8), "etc/t.transcription")
      #expect(throws: DataError.self, "\(text)") {
        try RecordingList.read("\(folder.path)/etc/t.fileids")
      }
    }
  }
}
