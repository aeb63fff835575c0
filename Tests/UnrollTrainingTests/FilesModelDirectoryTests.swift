import Testing
import UnrollCore
import UnrollTraining

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct ExampleSettings: Codable, Equatable {
  struct Layer: Codable, Equatable { var hiddenSize: Int }
  var name = "example"
  var layers = [Layer(hiddenSize: 3), Layer(hiddenSize: 4)]
}

func saveExample(
  _ path: String, value: Float = 1, task: String = "example", others: [String: [UInt8]] = [:]
) throws(ModelFileError) {
  try ModelDirectory.write(
    to: path, task: task, settings: ExampleSettings(), tensors: [("w", Tensor([value, 2]))],
    metadata: ["epoch": "3"], card: "# A model\n", otherFiles: others)
}

func value(_ path: String) throws(ModelFileError) -> Float {
  try ModelDirectory.load(path).tensors[0].tensor[0]
}

@Suite struct ModelDirectoryTests {
  let folder: ScratchFolder
  let path: String

  init() throws {
    folder = try ScratchFolder()
    path = folder.path + "/model"
  }

  @Test func whatIsSavedIsLoaded() throws {
    try saveExample(path, others: ["tokenizer.json": [1, 2, 3], "empty": []])
    #expect(
      folder.names("model") == [
        "README.md", "config.json", "empty", "manifest.json", "model.safetensors", "tokenizer.json",
      ])
    #expect(folder.names() == ["model"], "nothing else is left")
    let model = try ModelDirectory.load(path, task: "example")
    #expect(model.task == "example")
    #expect(model.tensors.map(\.name) == ["w"])
    #expect(model.tensors[0].tensor == Tensor([1, 2]))
    #expect(model.metadata == ["epoch": "3"])
    #expect(try model.settings() == ExampleSettings())
    #expect(try model.file("tokenizer.json") == [1, 2, 3])
    #expect(modelFileError { () throws(ModelFileError) in _ = try model.file("x") }?.reason == .missing)
    #expect(String(decoding: try folder.read("model/README.md"), as: UTF8.self) == "# A model\n")
  }

  /// Pictures, and what else a model does without, may be deleted; what it needs may not, and damage is always found.
  @Test func filesToLookAtMayBeDeleted() throws {
    try ModelDirectory.write(
      to: path, task: "example", settings: ExampleSettings(), tensors: [("w", Tensor([1, 2]))], card: "",
      otherFiles: ["plot.svg": [1], "notes.txt": [2], "tokenizer.json": [3]], optional: ["notes.txt"])
    #expect(try ModelDirectory.load(path).otherFiles.count == 3)
    try folder.write([9], "model/plot.svg")
    #expect(
      modelFileError { () throws(ModelFileError) in _ = try ModelDirectory.load(path) }?.reason == .damaged)
    try folder.remove("model/plot.svg")
    try folder.remove("model/notes.txt")
    let model = try ModelDirectory.load(path)
    #expect(model.otherFiles == ["tokenizer.json": [3]])
    try folder.remove("model/tokenizer.json")
    #expect(
      modelFileError { () throws(ModelFileError) in _ = try ModelDirectory.load(path) }?.reason == .missing)
  }

  @Test func anOlderModelIsReplacedAndForeignFilesStay() throws {
    try saveExample(path, value: 1, others: ["old.json": [1]])
    try folder.write([9], "model/forecast.csv")
    try folder.makeFolder("model/plots")
    try folder.write([8], "model/plots/a.svg")
    try ModelDirectory.checkWritable(path)
    try saveExample(path, value: 5)
    #expect(try value(path) == 5)
    #expect(folder.names("model").contains("old.json") == false, "what the old model alone had is gone")
    #expect(try folder.read("model/forecast.csv") == [9])
    #expect(try folder.read("model/plots/a.svg") == [8])
    #expect(folder.names() == ["model"])
  }

  @Test func aForeignFileInTheWayIsNotLost() throws {
    try saveExample(path)
    try folder.write([9], "model/extra")
    try saveExample(path, value: 2, others: ["extra": [4]])
    #expect(try ModelDirectory.load(path).file("extra") == [4])
    #expect(try folder.read("model/extra.kept") == [9])
    #expect(folder.names() == ["model"])
  }

  @Test func emptyFoldersLinksAndSlashesAreFollowed() throws {
    try folder.makeFolder("empty")
    try saveExample(folder.path + "/empty/", value: 3)
    #expect(try value(folder.path + "/empty") == 3)
    try folder.link("link", to: "empty")
    try ModelDirectory.checkWritable(folder.path + "/link")
    try saveExample(folder.path + "/link/.", value: 4)
    try saveExample(folder.path + "/link", value: 6)
    #expect(try value(folder.path + "/link") == 6)
    #expect(try value(folder.path + "/empty") == 6)
    #expect(folder.names() == ["empty", "link"])
  }

  @Test(arguments: [
    ("a file", ModelFileError.Reason.occupied), ("a folder of things", .occupied),
    ("a model of others", .occupied), ("a link to nothing", .occupied), ("no parent/model", .missing),
    ("a file/model", .system), ("", .system), ("a\0b", .system),
    (String(repeating: "n", count: 256), .system),
  ])
  func pathsThatCannotBeWrittenAreFoundOutBefore(_ name: String, _ reason: ModelFileError.Reason) throws {
    try folder.write([1], "a file")
    try folder.makeFolder("a folder of things")
    try folder.write([1], "a folder of things/photo")
    try folder.makeFolder("a model of others")
    try folder.write(Array("{\"model_type\":\"bert\"}".utf8), "a model of others/config.json")
    try folder.link("a link to nothing", to: "nowhere")
    let target = name.isEmpty ? "" : folder.path + "/" + name
    let before = folder.names()
    let check = modelFileError { () throws(ModelFileError) in try ModelDirectory.checkWritable(target) }
    let save = modelFileError { () throws(ModelFileError) in try saveExample(target) }
    #expect(check?.reason == reason)
    #expect(save == check, "saving says the same")
    #expect(check?.file == target)
    #expect(folder.names() == before, "nothing was changed")
    #expect(folder.names("a folder of things") == ["photo"])
  }

  @Test func theMissingParentIsNamed() throws {
    let error = modelFileError { () throws(ModelFileError) in
      try ModelDirectory.checkWritable(folder.path + "/no/model")
    }
    #expect(error?.expected == "the folder \(folder.path)/no to write into")
  }

  @Test func theLongestNameIsWritable() throws {
    let long = folder.path + "/" + String(repeating: "n", count: 255)
    try ModelDirectory.checkWritable(long)
    try saveExample(long)
    try saveExample(long, value: 2)
    #expect(try value(long) == 2)
  }

  /// Where nothing may be written, not even by the superuser.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self/status")))
  func aFolderThatTakesNoFilesIsFoundOut() {
    let error = modelFileError { () throws(ModelFileError) in try ModelDirectory.checkWritable("/proc/model")
    }
    #expect(error?.reason == .system)
  }

  @Test(arguments: ["../x", "a/b", "", ".hidden", "config.json", "README.md", "a\0", "é", "..", "C:x"])
  func namesThatLeaveTheFolderAreNotWritten(_ name: String) {
    let error = modelFileError { () throws(ModelFileError) in try saveExample(path, others: [name: [1]]) }
    #expect(error?.reason == .unsupported)
    #expect(folder.names() == [])
  }

  @Test func settingsThatJSONCannotHoldAreRefused() {
    let error = modelFileError { () throws(ModelFileError) in
      try ModelDirectory.write(to: path, task: "t", settings: [Double.nan], tensors: [], card: "")
    }
    #expect(error?.reason == .unsupported)
  }
}

@Suite struct ModelLoadingTests {
  let folder: ScratchFolder
  let path: String
  static let files = ["config.json", "model.safetensors", "tokenizer.json", "manifest.json"]

  init() throws {
    folder = try ScratchFolder()
    path = folder.path + "/model"
    try saveExample(path, others: ["tokenizer.json": Array("{\"a\":1}".utf8)])
  }

  private func failure(task: String? = nil) -> ModelFileError? {
    modelFileError { () throws(ModelFileError) in _ = try ModelDirectory.load(path, task: task) }
  }

  @Test(arguments: files) func aMissingFileIsNamed(_ name: String) throws {
    try folder.remove("model/\(name)")
    #expect(failure()?.reason == .missing)
    #expect(failure()?.file == "\(path)/\(name)")
  }

  @Test(arguments: files) func aCutFileIsNamed(_ name: String) throws {
    let whole = try folder.read("model/\(name)")
    for length in [0, 1, whole.count / 2, whole.count - 2] {
      try folder.write(Array(whole[..<length]), "model/\(name)")
      #expect(failure()?.file == "\(path)/\(name)", "cut to \(length) bytes")
      #expect(failure()?.reason == .damaged)
    }
  }

  @Test func everyTurnedByteOfWeightsAndOthersIsFound() throws {
    for name in ["model.safetensors", "tokenizer.json"] {
      let whole = try folder.read("model/\(name)")
      for index in whole.indices {
        var changed = whole
        changed[index] ^= 0x04
        try folder.write(changed, "model/\(name)")
        #expect(failure()?.file == "\(path)/\(name)")
      }
      try folder.write(whole, "model/\(name)")
    }
    _ = try ModelDirectory.load(path)
  }

  /// A turned byte in a text that other checks read first: an error of some kind, never a crash or a success.
  @Test func everyTurnedByteOfTheTextsIsFound() throws {
    for name in ["config.json", "manifest.json"] {
      let whole = try folder.read("model/\(name)")
      for index in whole.indices {
        var changed = whole
        changed[index] ^= 0x04
        try folder.write(changed, "model/\(name)")
        // White space alone may turn into other white space in the manifest, whose text has no hash of its own.
        if name == "manifest.json", (try? ModelDirectory.load(path)) != nil {
          #expect(whole[index] == 0x20 || whole[index] == 0x0a)
        } else {
          #expect(failure() != nil)
        }
      }
      try folder.write(whole, "model/\(name)")
    }
  }

  @Test func theCardMayBeEdited() throws {
    try folder.write(Array("# Mine".utf8), "model/README.md")
    _ = try ModelDirectory.load(path)
    try folder.remove("model/README.md")
    _ = try ModelDirectory.load(path)
  }

  @Test func anotherTaskIsNamed() {
    let error = failure(task: "translate")
    #expect(error?.reason == .otherTask)
    #expect(error?.expected == "a model of the task translate")
    #expect(error?.found == "one of the task example")
  }

  @Test(arguments: files) func linksAreNotFollowed(_ name: String) throws {
    try folder.write(try folder.read("model/\(name)"), "outside")
    try folder.remove("model/\(name)")
    try folder.link("model/\(name)", to: "../outside")
    #expect(failure()?.reason == .unsupported)
    #expect(failure()?.found == "a symbolic link")
    #expect(failure()?.file == "\(path)/\(name)")
  }

  @Test func aLinkToTheFolderIsFollowed() throws {
    try folder.link("link", to: "model")
    #expect(try value(folder.path + "/link") == 1)
  }

  @Test func aManifestThatPointsOutsideIsRefused() throws {
    try folder.write([1], "secret")
    let manifest = String(decoding: try folder.read("model/manifest.json"), as: UTF8.self)
    try folder.write(
      Array(manifest.replacing("\"tokenizer.json\"", with: "\"../secret\"").utf8), "model/manifest.json")
    #expect(failure()?.found == "\"../secret\"")
  }

  @Test func aFolderInPlaceOfAFileIsNamed() throws {
    try folder.remove("model/model.safetensors")
    try folder.makeFolder("model/model.safetensors")
    #expect(failure()?.found == "a folder")
  }

  @Test func otherFormatsAndVersionsAreTold() throws {
    let text = String(decoding: try folder.read("model/config.json"), as: UTF8.self)
    try folder.write(
      Array(text.replacing("\"version\" : 1", with: "\"version\" : 2").utf8), "model/config.json")
    #expect(failure()?.reason == .unsupported)
    #expect(failure()?.place == "version")
    try folder.write(Array(text.replacing("unroll-model", with: "other").utf8), "model/config.json")
    #expect(failure()?.place == "format")
    try folder.remove("model/manifest.json")
    try folder.write(Array("{\"model_type\":\"bert\"}".utf8), "model/config.json")
    #expect(failure()?.expected == "the key \"format\"")
  }

  @Test func whatIsNotAFolderIsTold() throws {
    try folder.write([1], "file")
    for (name, reason) in [("file", ModelFileError.Reason.unsupported), ("nothing", .missing)] {
      let error = modelFileError { () throws(ModelFileError) in
        _ = try ModelDirectory.load(folder.path + "/" + name)
      }
      #expect(error?.reason == reason)
    }
  }

  @Test func aSettingThatDoesNotFitIsNamed() throws {
    struct Wider: Codable {
      struct Layer: Codable { var hiddenSize: String }
      var layers: [Layer]
    }
    struct Longer: Codable {
      struct Layer: Codable { var cell: Int }
      var layers: [Layer]
    }
    let model = try ModelDirectory.load(path)
    let mismatch = modelFileError { () throws(ModelFileError) in _ = try model.settings(as: Wider.self) }
    #expect(mismatch?.place == "settings.layers[0].hiddenSize")
    let missing = modelFileError { () throws(ModelFileError) in _ = try model.settings(as: Longer.self) }
    #expect(missing?.place == "settings.layers[0]")
    #expect(missing?.expected == "the key \"cell\"")
  }

  @Test func textsBeyondTheLimitAreNotRead() throws {
    try folder.write(Array(repeating: 0x20, count: ModelDirectory.maximumJSONSize + 1), "model/config.json")
    #expect(failure()?.expected == "at most \(ModelDirectory.maximumJSONSize) bytes")
  }

  @Test func nestedTextsNeverCrash() throws {
    for unit in ["[", "{\"a\":"] {
      try folder.write(Array(String(repeating: unit, count: 200_000).utf8), "model/config.json")
      #expect(failure() != nil)
    }
  }
}
