import Testing
import UnrollCore
import UnrollData
import UnrollTasks

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct ClipReaderTests {
  private func write(_ folder: TestFolder, _ name: String, _ text: String) throws -> String {
    if let slash = name.lastIndex(of: "/") {
      try FileManager.default.createDirectory(
        atPath: "\(folder.path)/\(name[..<slash])", withIntermediateDirectories: true)
    }
    try folder.write(Array(text.utf8), name)
    return "\(folder.path)/\(name)"
  }

  private func fault(_ path: String, _ options: ClipOptions = ClipOptions(), strict: Bool = false)
    -> DataError?
  {
    var reader = ClipReader(options, isStrict: strict)
    do throws(DataError) {
      _ = try reader.clips(at: path)
      return nil
    } catch { return error }
  }

  @Test func readsTablesOfFrames() throws {
    let folder = try TestFolder()
    let path = try write(
      folder, "a.csv", "clip,frame,label,x0,y0\na,0,wave,1,2\na,3,wave,?,4\nb,0,clap,5,6\n")
    var reader = ClipReader()
    let clips = try reader.clips(at: path)
    #expect(clips.map(\.id) == ["a", "b"] && clips.map(\.steps) == [2, 1] && clips.map(\.line) == [2, 4])
    #expect(clips[0].truth == .clip("wave") && clips[1].truth == .clip("clap"))
    #expect(clips[0].values[2].isNaN && clips[1].values == [5, 6])
    #expect(clips[0].frame == .values(["x0", "y0"]))
    let changing = try write(folder, "b.csv", "take;kind;v\n1;a;0.5\n1;b;1\n2;b;2\n")
    var options = ClipOptions()
    (options.clip, options.label) = ("take", "kind")
    var other = ClipReader(options)
    let frames = try other.clips(at: changing)
    #expect(frames.map(\.truth) == [.frames(["a", "b"]), .frames(["b"])])
    let plain = try write(folder, "c.csv", "v,w\n1,2\n3,4\n")
    #expect(try reader.clips(at: plain).map(\.truth) == [.unknown])
  }

  @Test(arguments: [
    ("", DataError.Kind.emptyFile), ("clip,x\n", .noRows), ("clip,x\na,1\na\n", .raggedRow),
    ("clip,x\na,1\nb,2\na,3\n", .badSequence), ("clip,frame,x\na,1,1\na,1,2\n", .badSequence),
    ("clip,frame,x\na,,1\n", .badSequence), ("clip,x\na,far\n", .notANumber),
    ("clip,x\na,1e99\n", .notANumber),
    ("clip,x\n,1\n", .noIdentifier), ("clip,label\na,b\n", .badRoles),
    ("clip,label,x\na,b,1\na,,2\n", .badLabel),
  ])
  func refusesTables(_ text: String, _ kind: DataError.Kind) throws {
    let folder = try TestFolder()
    let path = try write(folder, "a.csv", text)
    #expect(fault(path)?.kind == kind)
  }

  @Test func namesAndCountsWhatATableOfFilesLacks() throws {
    let folder = try TestFolder()
    _ = try write(folder, "one.csv", "x0,y0\n1,2\n3,4\n")
    _ = try write(folder, "empty.csv", "x0,y0\n")
    let path = try write(
      folder, "clips.csv", "file,label\none.csv,wave\ngone.csv,wave\nempty.csv,clap\none.csv,\n,clap\n")
    var reader = ClipReader()
    let clips = try reader.clips(at: path)
    #expect(clips.map(\.truth) == [.clip("wave"), .unknown] && clips[0].id == "one.csv")
    #expect(reader.leftOut.map(\.kind) == [.missingFile, .noRows, .missingFile])
    #expect(fault(path, strict: true)?.kind == .missingFile)
    var notes: [String] = []
    let data = try WatchTask.read([path], WatchSettings()) { notes.append($0) }
    #expect(data.clips.count == 1)
    #expect(notes.contains { $0.contains("gone.csv") } && notes.last?.contains("4 of 5") == true)
    var strict = WatchSettings()
    strict.clips.strict = true
    #expect(throws: DataError.self) { try WatchTask.read([path], strict) { _ in } }
    // Frames of another number of values do not go with the first.
    _ = try write(folder, "wide.csv", "x0,y0,x1\n1,2,3\n")
    let mixed = try write(folder, "mixed.csv", "file,label\none.csv,a\nwide.csv,b\n")
    #expect(fault(mixed)?.kind == .badSequence)
  }

  private static let archive =
    "UEsDBC0AAAAIAAAAIQAIjNfA//////////8FABQAeC5ucHkBABAAQAEAAAAAAAC3AAAAAAAAAJ3IIQ8BcRzG8Z9mkij+25/tgiGYGZdMYVdsJG6cCcbtzsxmtguCINxGEARBEARBEAQvwUvwErwEX/MOPHs+4Xk29UbNakVkKnPdc/yupwtKF/s5bSjdH3sTzx61x17P+f4Ve+g7/P7Adh12MmeorKEyNGWohfojMfmlJBLgASmLKJjoIECIAy544IkX3hBTJIo4ElBIIo08TFRhoYkOBnAxQ4AlVlgjxBY77HHAESecccEVN9zND1BLAwQtAAAACAAAACEA3eFfFP//////////BQAUAHkubnB5AQAQAKAAAAAAAAAATAAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2mhrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RomOpo6CrUKFAAuBihgZEAFMD4AUEsDBC0AAAAIAAAAIQA3R3vH//////////8LABQAbGVuZ3Rocy5ucHkBABAAoAAAAAAAAABNAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GiY6mjoKtQoUAC5mBghgYkAFMHEAUEsBAi0DLQAAAAgAAAAhAAiM18C3AAAAQAEAAAUAAAAAAAAAAAAAAIABAAAAAHgubnB5UEsBAi0DLQAAAAgAAAAhAN3hXxRMAAAAoAAAAAUAAAAAAAAAAAAAAIAB7gAAAHkubnB5UEsBAi0DLQAAAAgAAAAhADdHe8dNAAAAoAAAAAsAAAAAAAAAAAAAAIABcQEAAGxlbmd0aHMubnB5UEsFBgAAAAADAAMAnwAAAPsBAAAAAA=="
  /// Three pictures of 4 × 4: the upper half black, grey, white; the lower black.
  private static let gif =
    "R0lGODlhBAAEAPcfAAAAAAEBAQICAgMDAwQEBAUFBQYGBgcHBwgICAkJCQoKCgsLCwwMDA0NDQ4ODg8PDxAQEBERERISEhMTExQUFBUVFRYWFhcXFxgYGBkZGRoaGhsbGxwcHB0dHR4eHh8fHyAgICEhISIiIiMjIyQkJCUlJSYmJicnJygoKCkpKSoqKisrKywsLC0tLS4uLi8vLzAwMDExMTIyMjMzMzQ0NDU1NTY2Njc3Nzg4ODk5OTo6Ojs7Ozw8PD09PT4+Pj8/P0BAQEFBQUJCQkNDQ0REREVFRUZGRkdHR0hISElJSUpKSktLS0xMTE1NTU5OTk9PT1BQUFFRUVJSUlNTU1RUVFVVVVZWVldXV1hYWFlZWVpaWltbW1xcXF1dXV5eXl9fX2BgYGFhYWJiYmNjY2RkZGVlZWZmZmdnZ2hoaGlpaWpqamtra2xsbG1tbW5ubm9vb3BwcHFxcXJycnNzc3R0dHV1dXZ2dnd3d3h4eHl5eXp6ent7e3x8fH19fX5+fn9/f4CAgIGBgYKCgoODg4SEhIWFhYaGhoeHh4iIiImJiYqKiouLi4yMjI2NjY6Ojo+Pj5CQkJGRkZKSkpOTk5SUlJWVlZaWlpeXl5iYmJmZmZqampubm5ycnJ2dnZ6enp+fn6CgoKGhoaKioqOjo6SkpKWlpaampqenp6ioqKmpqaqqqqurq6ysrK2tra6urq+vr7CwsLGxsbKysrOzs7S0tLW1tba2tre3t7i4uLm5ubq6uru7u7y8vL29vb6+vr+/v8DAwMHBwcLCwsPDw8TExMXFxcbGxsfHx8jIyMnJycrKysvLy8zMzM3Nzc7Ozs/Pz9DQ0NHR0dLS0tPT09TU1NXV1dbW1tfX19jY2NnZ2dra2tvb29zc3N3d3d7e3t/f3+Dg4OHh4eLi4uPj4+Tk5OXl5ebm5ufn5+jo6Onp6erq6uvr6+zs7O3t7e7u7u/v7/Dw8PHx8fLy8vPz8/T09PX19fb29vf39/j4+Pn5+fr6+vv7+/z8/P39/f7+/v///yH/C05FVFNDQVBFMi4wAwEAAAAh+QQECgAfACwAAAAABAAEAAAICgABCBxIsCCAgAAAIfkEBQoAAAAsAAAAAAQAAgAACAcAAQkcKDAgACH5BAUKAAAALAAAAAAEAAIAAAgHAP8JHCgwIAA7"

  /// `numpy.savez_compressed(x=arange(48).reshape(4, 3, 2, 2) / 8, y=[0, 1, 0, 1], lengths=[3, 2, 0, 3])`
  @Test func readsArrays() throws {
    let folder = try TestFolder()
    let bytes = Array(try #require(Data(base64Encoded: Self.archive)))
    try folder.write(bytes, "a.npz")
    var reader = ClipReader()
    let clips = try reader.clips(at: "\(folder.path)/a.npz")
    #expect(clips.map(\.steps) == [3, 2, 3] && clips.map(\.truth) == [.clip("0"), .clip("1"), .clip("1")])
    #expect(clips[1].values == (12..<20).map { Float($0) / 8 })
    #expect(clips[0].frame == .values(["x0", "y0", "x1", "y1"]))
    #expect(reader.leftOut.count == 1)
    #expect(fault("\(folder.path)/a.npz", strict: true) != nil)
    // Damaged anywhere, it is read or refused, and nothing else.
    for place in stride(from: 0, to: bytes.count, by: 7) {
      var bent = bytes
      bent[place] ^= 0x41
      try folder.write(bent, "b.npz")
      _ = fault("\(folder.path)/b.npz")
      try folder.write(Array(bytes.prefix(place)), "c.npz")
      #expect(fault("\(folder.path)/c.npz") != nil)
    }
  }

  @Test func readsPicturesThatMove() throws {
    let folder = try TestFolder()
    var options = ClipOptions()
    (options.width, options.height) = (2, 2)
    func picture(_ level: Int) -> String { "P2 2 2 255\n\(level) \(level) 0 0\n" }
    for (name, level) in [("frame10", 30), ("frame2", 20), ("frame1", 10)] {
      _ = try write(folder, "set/wave/first/\(name).pgm", picture(level))
    }
    _ = try write(folder, "set/clap/second/a.pgm", "P2 1 1 255\n255\n")
    _ = try write(folder, "set/clap/broken/a.pgm", "P2 9 9 255\n1\n")
    try folder.write(Array(try #require(Data(base64Encoded: Self.gif))), "set/clap/third.gif")
    var reader = ClipReader(options)
    let clips = try reader.clips(at: "\(folder.path)/set")
    #expect(clips.map(\.id) == ["clap/second", "clap/third.gif", "wave/first"])
    #expect(clips.map(\.truth) == [.clip("clap"), .clip("clap"), .clip("wave")])
    #expect(clips.map(\.steps) == [1, 3, 3] && reader.leftOut.count == 1)
    // In the order of numbers.
    #expect(stride(from: 0, to: 12, by: 4).map { (clips[2].values[$0] * 255).rounded() } == [10, 20, 30])
    #expect(clips[1].values[0] == 0 && clips[1].values[8] == 1 && clips[1].values[10] == 0)
    #expect(try reader.clips(at: "\(folder.path)/set/wave/first").map(\.truth) == [.unknown])
    #expect(fault("\(folder.path)/nothing")?.kind == .missingFile)
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/bare", withIntermediateDirectories: true)
    #expect(fault("\(folder.path)/bare") != nil)
  }

  /// A video needs ffmpeg; without it the error says so.
  @Test func readsVideos() throws {
    let folder = try TestFolder()
    let header = Array("YUV4MPEG2 W4 H4 F10:1 Ip A1:1 Cmono\n".utf8)
    let frames: [UInt8] = [16, 126, 235].flatMap { level in
      Array("FRAME\n".utf8) + Array(repeating: UInt8(level), count: 16)
    }
    try folder.write(header + frames, "a.y4m")
    try folder.write(header, "none.y4m")
    var options = ClipOptions()
    (options.width, options.height) = (2, 2)
    var reader = ClipReader(options)
    do throws(DataError) {
      let clip = try reader.clips(at: "\(folder.path)/a.y4m")[0]
      #expect(clip.steps == 3 && clip.frame == .picture(width: 2, height: 2))
      #expect(abs(clip.values[0]) < 0.1 && clip.values[8] > 0.9)
    } catch { #expect(error.kind == .missingTool) }
    #expect(fault("\(folder.path)/none.y4m", options) != nil)
  }

  @Test func readsAndWritesSegments() throws {
    let folder = try TestFolder()
    let path = try write(folder, "s.csv", "clip,start,end,label\na,0.3,0.5,wave\na,0.5,9,clap\n")
    let clip = try VideoClip(
      frame: .values(["x"]), steps: 8, values: Array(repeating: 0, count: 8), id: "a")
    let labels = try ClipSegments(path: path).labels(of: clip, rate: 10, background: "–")
    #expect(labels == ["–", "–", "–", "wave", "wave", "clap", "clap", "clap"])
    var other = clip
    other.id = "b"
    #expect(throws: DataError.self) {
      try ClipSegments(path: path).labels(of: other, rate: 10, background: "")
    }
    for rows in ["a,1,1,x", "a,-1,1,x", "a,1,inf,x", "a,1,2,", "a,0,2,x\na,1,3,y"] {
      let wrong = try write(folder, "w.csv", "clip,start,end,label\n\(rows)\n")
      #expect(throws: DataError.self, "\(rows)") {
        try ClipSegments(path: wrong).labels(of: clip, rate: 1, background: "")
      }
    }
    let written = ClipSegments.webVTT([
      ClipSegment(start: 0, end: 1.5, label: "a & b"), ClipSegment(start: 3661.0005, end: 4000, label: "<i>"),
    ])
    #expect(
      written
        == "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\na &amp; b\n\n01:01:01.001 --> 01:06:40.000\n&lt;i&gt;\n")
  }
}

struct ClipFeaturesTests {
  /// Poses do not depend on where somebody stands, and how large; the distances are right.
  @Test func posesAreNormalized() throws {
    let names = ["x0", "y0", "x1", "y1", "x2", "y2"]
    let layout = try #require(PoseLayout(columns: names))
    #expect(layout.joints == 3 && layout.dimensions == 2 && !layout.hasSides)
    let values: [Float] = [0, 0, 3, 0, 0, 4, 0, 0, 3, 1, 0, 4, 1, 0, 3, 0, 0, 4]
    func clip(_ change: (Float) -> Float) throws -> VideoClip {
      try VideoClip(frame: .values(names), steps: 3, values: values.map(change), id: "")
    }
    let features = ClipFeatures(of: [try clip { $0 }], layout: layout)
    #expect(features.featureCount == 6 + 3 + 2 * 6 + 2 && features.isSound)
    var none: RandomSource?
    let (own, frames) = features(try clip { $0 }, random: &none)
    let (moved, _) = features(try clip { 5 * $0 - 40 }, random: &none)
    #expect(frames == [0, 1, 2])
    for (a, b) in zip(own, moved) { #expect(abs(a - b) < 1e-4) }
    // Standardised distances keep their order: 3, 4, 5 in the first frame.
    let poses = try #require(features.poses)
    let plain = poses(values, steps: 3)
    for (found, wanted) in zip(plain[6..<9], [Float(3), 4, 5]) {
      #expect(abs(found / plain[6] * 3 - wanted) < 1e-5)
    }
  }

  @Test func findsCoordinatesByName() {
    #expect(PoseLayout(columns: ["x0", "y0", "z0", "x1", "y1", "z1"])?.dimensions == 3)
    let named = PoseLayout(columns: [
      "nose_x", "nose_y", "nose_score", "left_hand_x", "left_hand_y", "right_hand_x", "right_hand_y",
    ])
    #expect(named?.joints == 3 && named?.mirrored == [0, 2, 1])
    #expect(
      PoseLayout(columns: ["x0", "y0", "x1"]) == nil && PoseLayout(columns: ["speed", "energy"]) == nil)
    #expect(PoseLayout(columns: ["x0", "y0", "x0", "y0"]) == nil && PoseLayout(columns: []) == nil)
  }

  @Test func noiseIsOfTrainingAlone() throws {
    let clip = try MadeUpPoses.labeled(3).clips[0]
    let layout = PoseLayout(columns: ["x0", "y0", "x1", "y1", "left_x", "left_y", "right_x", "right_y"])
    let features = ClipFeatures(of: [clip], layout: layout)
    var noise = ClipAugmentation()
    (noise.speed, noise.timeWarp, noise.crop, noise.rotation) = (0.5, 0.5, 0.3, 20)
    (noise.scaling, noise.noise, noise.mirror) = (0.1, 0.1, true)
    var none: RandomSource?
    #expect(features(clip, noise, random: &none).rows == features(clip, random: &none).rows)
    var random: RandomSource? = RandomSource(seed: 4)
    for _ in 0..<50 {
      let (rows, frames) = features(clip, noise, random: &random)
      #expect(rows.count == frames.count * features.featureCount && rows.allSatisfy(\.isFinite))
      #expect(zip(frames, frames.dropFirst()).allSatisfy { $0 <= $1 })
      #expect(frames.allSatisfy { (0..<clip.steps).contains($0) })
    }
    // A mirror alone gives the clip or its image: what is left is right, and back again.
    var mirror = ClipAugmentation()
    mirror.mirror = true
    let seen = Set(
      (0..<20).map { _ in features(clip, mirror, random: &random).rows.map { ($0 * 100).rounded() } })
    #expect(seen.count == 2)
    // Frames that are missing are as those before; a clip of zeros is one that was lost.
    let lost = try VideoClip(frame: clip.frame, steps: 2, values: Array(repeating: 0, count: 16), id: "")
    let rows = features(lost, random: &none).rows
    #expect(rows.allSatisfy { $0.isFinite })
  }
}
