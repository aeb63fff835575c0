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
    let count = try { () throws in
      try saveExample(path, value: 1, others: ["old.json": [1]])
      try folder.write([9], "model/mine")
      let plan = try plan(2)
      return plan.publish.count + plan.tidy.count
    }()
    var seen: [Float] = []
    for length in 0...count {
      try folder.remove("model")
      try saveExample(path, value: 1, others: ["old.json": [1]])
      try folder.write([9], "model/mine")
      let plan = try plan(2)
      let steps = plan.publish + plan.tidy
      #expect(steps.count == count)
      for step in steps.prefix(length) { try step.run() }
      seen.append(try value(path))
      // The next save works, whatever the last one left.
      try saveExample(path, value: 3)
      #expect(try value(path) == 3)
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
