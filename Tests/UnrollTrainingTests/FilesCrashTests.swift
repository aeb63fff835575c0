import Testing
import UnrollCore
import UnrollTraining

/// A save that ends after any of its steps leaves the old model or the new one, whole, at the path.
@Suite struct InterruptedSaveTests {
  let folder: ScratchFolder
  let path: String

  init() throws {
    folder = try ScratchFolder()
    path = folder.path + "/model"
  }

  private func plan(_ value: Float) throws -> SavePlan {
    try ModelDirectory.plan(
      to: path, task: "example", settings: ExampleSettings(), tensors: [("w", Tensor([value, 2]))],
      card: "new", otherFiles: ["new.json": [1]])
  }

  @Test func everyPrefixLeavesAWholeModel() throws {
    func start() throws -> SavePlan {
      try saveExample(path, value: 1, others: ["old.json": [1]])
      try folder.write([9], "model/mine")
      try folder.makeFolder("model/plots")
      try folder.write([8], "model/plots/a.svg")
      return try plan(2)
    }
    let count = try { () throws in
      let plan = try start()
      return plan.publish.count + plan.tidy.count
    }()
    var seen: [Float] = []
    for length in 0...count {
      try folder.remove("model")
      let plan = try start()
      let steps = plan.publish + plan.tidy
      #expect(steps.count == count)
      for step in steps.prefix(length) { try step.run() }
      seen.append(try value(path))
      #expect(try folder.read("model/mine") == [9], "after \(length) steps")
      // The next save works, and nothing is left of the last one but what is a person's.
      try saveExample(path, value: 3)
      #expect(try value(path) == 3)
      #expect(folder.names() == ["model"], "after \(length) steps")
      #expect(
        folder.names("model") == [
          "README.md", "config.json", "manifest.json", "mine", "model.safetensors", "plots",
        ])
      #expect(try folder.read("model/mine") == [9] && folder.read("model/plots/a.svg") == [8])
    }
    #expect(seen == seen.sorted())
    #expect(seen.first == 1)
    #expect(seen.last == 2)
  }

  @Test func theFirstSaveIsWholeOrAbsent() throws {
    let count = try plan(2).publish.count
    for length in 0...count {
      for step in try plan(2).publish.prefix(length) { try step.run() }
      if folder.names().contains("model") {
        #expect(try value(path) == 2)
        try folder.remove("model")
      } else {
        #expect(length < count)
      }
    }
  }

  /// A file of a person's whose name the new model needs gets a name beside it.
  @Test func namesThatAreTakenAreNotLost() throws {
    try saveExample(path, value: 1)
    for (number, kept) in ["new.json.kept", "new.json.kept-2"].enumerated() {
      try folder.write([UInt8(number)], "model/new.json")
      try saveExample(path, value: 2)
      #expect(try folder.read("model/new.json") == [UInt8(number)], "it is not the model's")
      try plan(3).run()
      #expect(try folder.read("model/\(kept)") == [UInt8(number)])
      #expect(try folder.read("model/new.json") == [1])
      #expect(folder.names() == ["model"])
      try saveExample(path, value: 4)
    }
  }

  /// Where a swap takes two renames and is killed between them, the next save finds the old model again.
  @Test func aModelThatWasAsideComesBack() throws {
    try saveExample(path, value: 1)
    try folder.write([9], "model/mine")
    let plan = try plan(2)
    for step in plan.publish {
      guard case .exchange(let spare, let shown) = step else {
        try step.run()
        continue
      }
      try FileSystem.move(shown, to: spare + "-old")
      break
    }
    #expect(!folder.names().contains("model"))
    try ModelDirectory.checkWritable(path)
    #expect(try value(path) == 1)
    #expect(try folder.read("model/mine") == [9])
    try saveExample(path, value: 3)
    #expect(folder.names() == ["model"])
    #expect(try folder.read("model/mine") == [9])
  }

  /// What another path's save left, and what a save under way has locked, is not touched.
  @Test func othersAreLeftAlone() throws {
    try saveExample(path, value: 1)
    let unfinished = try plan(2)
    for step in unfinished.publish.prefix(2) { try step.run() }
    guard case .makeFolder(let spare) = unfinished.publish[0] else {
      Issue.record("a save begins with a folder")
      return
    }
    try saveExample(folder.path + "/other", value: 5)
    #expect(folder.names().count == 3)
    do {
      let lock = try FileLock(spare)
      try saveExample(path, value: 3)
      #expect(folder.names().count == 3)
      withExtendedLifetime(lock) {}
    }
    try saveExample(path, value: 3)
    #expect(folder.names() == ["model", "other"])
  }

  /// A file that was not finished goes with the next one of its path.
  @Test func unfinishedFilesAreCleared() throws {
    try AtomicFile.write([1], to: folder.path + "/file")
    let place = try SavePlace(folder.path + "/file")
    try FileSystem.create(place.spare(), [1, 2, 3])
    try AtomicFile.write([7], to: folder.path + "/another")
    #expect(folder.names().count == 3)
    try AtomicFile.write([2], to: folder.path + "/file")
    #expect(folder.names() == ["another", "file"])
  }

  /// Each file in turn is in the way, so that the save fails there and is undone.
  @Test func aFailureBeforeThePublicationChangesNothing() throws {
    try saveExample(path, value: 1)
    let count = try plan(2).publish.count
    for failing in 1..<count {
      let plan = try plan(2)
      guard case .createFile(let file, _) = plan.publish[failing] else { continue }
      try plan.publish[0].run()
      try FileSystem.create(file, [0])
      let error = modelFileError { () throws(ModelFileError) in try plan.run() }
      #expect(error?.reason == .system)
      #expect(try value(path) == 1)
      #expect(folder.names() == ["model"], "the spare folder is removed again")
    }
  }

  @Test(arguments: [true, false]) func foldersAreSwapped(_ inOneCall: Bool) throws {
    try folder.makeFolder("a")
    try folder.makeFolder("b")
    try folder.write([1], "a/x")
    try folder.write([2], "b/x")
    try FileSystem.exchange(
      spare: folder.path + "/a", shown: folder.path + "/b", inOneCall: inOneCall)
    #expect(try folder.read("a/x") == [2])
    #expect(try folder.read("b/x") == [1])
    #expect(folder.names() == ["a", "b"])
  }

  @Test func aSwapByRenamesThatFailsIsTakenBack() throws {
    try folder.makeFolder("b")
    try folder.write([2], "b/x")
    let error = modelFileError { () throws(ModelFileError) in
      try FileSystem.exchange(spare: folder.path + "/a", shown: folder.path + "/b", inOneCall: false)
    }
    #expect(error?.reason == .system)
    #expect(try folder.read("b/x") == [2])
    #expect(folder.names() == ["b"])
  }

  @Test func filesAreWrittenThroughLinksAndNotOverFolders() throws {
    try folder.write([1], "file")
    try folder.link("link", to: "file")
    try AtomicFile.write([2], to: folder.path + "/link")
    #expect(try folder.read("file") == [2])
    try folder.makeFolder("folder")
    let error = modelFileError { () throws(ModelFileError) in
      try AtomicFile.write([2], to: folder.path + "/folder")
    }
    #expect(error?.reason == .occupied)
    #expect(folder.names() == ["file", "folder", "link"])
  }

  @Test func filesBeyondTheLimitAndPipesAreNotRead() throws {
    try folder.write([1, 2, 3], "file")
    #expect(try FileSystem.contents(of: folder.path + "/file", limit: 3) == [1, 2, 3])
    for (name, limit) in [("file", 2), ("", 100), ("none", 100)] {
      _ = modelFileError { () throws(ModelFileError) in
        _ = try FileSystem.contents(of: folder.path + "/" + name, limit: limit)
      }
    }
  }
}
