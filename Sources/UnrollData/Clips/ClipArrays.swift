import UnrollCore

/// Clips as NumPy stores them.
///
/// | a file | holds |
/// |---|---|
/// | `.npy` | a clip `[frames, values]` or `[frames, joints, dimensions]` |
/// | `.npz` with `x` | clips `[clips, frames, …]`, or a list of arrays `[frames, …]`; `y` their labels, `[clips]` or `[clips, frames]`; `lengths` how many frames of each count |
/// | another `.npz` | an array for each clip, by its name |
enum ClipArrays {
  static func isArray(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x93] + Array("NUMPY".utf8)) }

  /// The clip of a file `.npy`.
  static func clip(_ bytes: [UInt8], name: String) throws(DataError) -> VideoClip {
    try clip(try NumPyArray.read(bytes, name: name), id: name, name: name)
  }

  /// The clips of a file `.npz`.
  static func clips(archive bytes: [UInt8], name: String) throws(DataError) -> [VideoClip] {
    let archive = try NumPyArchive(bytes, name: name)
    func find(_ key: String) throws(DataError) -> NumPyArray? {
      guard let found = archive.names.first(where: { $0.lowercased() == key }) else { return nil }
      return try archive.array(found)
    }
    guard let x = try find("x") else {
      var clips: [VideoClip] = []
      for member in archive.names {
        guard let array = try archive.array(member) else { continue }
        clips.append(try clip(array, id: member, name: "\(name), \(clipped(member))"))
      }
      guard !clips.isEmpty else {
        throw DataError(.badArray, file: name, expected: "an array of clips named x", found: "no arrays")
      }
      return clips
    }
    let arrays = try parts(
      x,
      lengths: try find("lengths").map { (array) throws(DataError) in
        try counts(array, name)
      }, name: name)
    let truths = try find("y").map { (y) throws(DataError) in try labels(y, arrays, name: name) }
    var clips: [VideoClip] = []
    for (index, array) in arrays.enumerated() {
      var clip = try clip(array, id: "\(name) \(index)", name: "\(name), x[\(index)]")
      if let truths { clip.truth = truths[index] }
      clips.append(clip)
    }
    return clips
  }

  private static func wrong(_ name: String, _ expected: String, _ found: String) -> DataError {
    DataError(.badArray, file: name, expected: expected, found: found)
  }

  /// An array `[frames, …]` as a clip.
  private static func clip(_ array: NumPyArray, id: String, name: String) throws(DataError) -> VideoClip {
    guard case .numbers(let numbers) = array.content, (2...3).contains(array.shape.count) else {
      throw wrong(
        name, "numbers of shape [frames, values] or [frames, joints, dimensions]", "the shape \(array.shape)")
    }
    let (steps, width) = (array.shape[0], array.shape[1...].reduce(1, *))
    guard width > 0 else { throw wrong(name, "at least one value a frame", "the shape \(array.shape)") }
    let joints = array.shape.count == 3 && (2...3).contains(array.shape[2])
    let names = (0..<width).map { place in
      joints ? "\(["x", "y", "z"][place % array.shape[2]])\(place / array.shape[2])" : "\(place + 1)"
    }
    return try VideoClip(frame: .values(names), steps: steps, values: numbers, id: id)
  }

  /// The clips of an array of them, as long as they are.
  private static func parts(
    _ x: NumPyArray, lengths: [Int]?, name: String
  ) throws(DataError) -> [NumPyArray] {
    var parts: [NumPyArray] = []
    switch x.content {
    case .arrays(let arrays): parts = arrays
    case .numbers(let numbers):
      guard (3...4).contains(x.shape.count), x.shape[0] > 0 else {
        throw wrong(name, "x of shape [clips, frames, values] or one more", "the shape \(x.shape)")
      }
      let size = x.shape[1...].reduce(1, *)
      parts = (0..<x.shape[0]).map {
        NumPyArray(
          shape: Array(x.shape[1...]), content: .numbers(Array(numbers[$0 * size..<($0 + 1) * size])))
      }
    }
    guard let lengths else { return parts }
    guard lengths.count == parts.count else {
      throw wrong(name, "\(parts.count) lengths", "\(lengths.count)")
    }
    var cut: [NumPyArray] = []
    for (part, length) in zip(parts, lengths) {
      guard case .numbers(let numbers) = part.content, let steps = part.shape.first,
        (0...steps).contains(length)
      else { throw wrong(name, "lengths within the clips", "\(length)") }
      cut.append(
        NumPyArray(
          shape: [length] + part.shape.dropFirst(),
          content: .numbers(Array(numbers.prefix(length * part.shape.dropFirst().reduce(1, *))))))
    }
    return cut
  }

  private static func counts(_ array: NumPyArray, _ name: String) throws(DataError) -> [Int] {
    guard case .numbers(let numbers) = array.content, array.shape.count == 1 else {
      throw wrong(name, "lengths of shape [clips]", "the shape \(array.shape)")
    }
    return numbers.map { Int(exactly: $0) ?? -1 }
  }

  private static func labels(
    _ y: NumPyArray, _ clips: [NumPyArray], name: String
  ) throws(DataError) -> [VideoClip.Truth] {
    func names(_ numbers: some Sequence<Float>) -> [String] {
      numbers.map { DecimalText.text(Double($0)) }
    }
    guard y.shape.first == clips.count else {
      throw wrong(name, "y with \(clips.count) labels, one for each clip", "the shape \(y.shape)")
    }
    if case .numbers(let numbers) = y.content, y.shape.count == 1 { return names(numbers).map { .clip($0) } }
    var truths: [VideoClip.Truth] = []
    for (index, clip) in clips.enumerated() {
      let own: [Float]
      switch y.content {
      case .numbers(let numbers) where y.shape.count == 2:
        own = Array(numbers[index * y.shape[1]..<(index + 1) * y.shape[1]])
      case .arrays(let arrays):
        guard case .numbers(let numbers) = arrays[index].content, arrays[index].shape.count == 1 else {
          throw wrong(name, "labels of frames", "the shape \(arrays[index].shape)")
        }
        own = numbers
      default: throw wrong(name, "y of shape [clips] or [clips, frames]", "the shape \(y.shape)")
      }
      guard own.count >= clip.shape[0] else {
        throw wrong(name, "a label for each of \(clip.shape[0]) frames of clip \(index)", "\(own.count)")
      }
      truths.append(.frames(names(own.prefix(clip.shape[0]))))
    }
    return truths
  }
}
