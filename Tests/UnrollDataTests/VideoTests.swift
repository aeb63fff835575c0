import Testing
import UnrollData

/// What a reader of videos refuses; frames of real ones are read in `VideoClipTests`.
@Suite struct VideoTests {
  private func failure(_ bytes: [UInt8], _ options: VideoOptions = VideoOptions()) throws -> DataError? {
    try withFile(bytes) { path in
      do throws(DataError) {
        let reader = try VideoFrameReader(path: path, options: options)
        while try reader.next() != nil {}
        return nil
      } catch {
        if error.kind == .missingTool { print("SKIPPED: \(error)") }
        return error
      }
    }
  }

  @Test func whatIsNoVideoIsRefused() throws {
    #expect(throws: DataError.self) { try VideoFrameReader(path: "no/such.mp4") }
    #expect(try failure([])?.kind == .emptyFile)
    let refusals: [DataError.Kind] = [.failedTool, .missingTool]
    #expect(refusals.contains(try #require(try failure(Array("no video at all".utf8))).kind))
    // Lists that lead to other files are of no known container.
    for list in ["#EXTM3U\nfile:///etc/passwd\n", "ffconcat version 1.0\nfile '/etc/passwd'\n"] {
      #expect(refusals.contains(try #require(try failure(Array(list.utf8))).kind))
    }
  }

  @Test func anAnimationIsAVideo() throws {
    let files = try PillowPictures.shared.get()
    let animation = try #require(files.animations["1"])
    var options = VideoOptions()
    options.framesPerSecond = .nan
    #expect(try failure(Array(animation.bytes), options)?.kind == .badPicture)
    let error = try failure(Array(animation.bytes))
    #expect(error == nil || error?.kind == .missingTool)
  }
}
