/// Which columns of a frame are the coordinates of which joint.
public struct PoseLayout: Sendable, Codable, Equatable {
  /// The number of joints.
  public let joints: Int
  /// The coordinates of a joint: 2 or 3.
  public let dimensions: Int
  /// For each joint the place of each of its coordinates in a frame, joint by joint.
  let places: [Int]
  /// For each joint the one that a mirror shows in its place.
  public var mirrored: [Int]

  /// Finds the coordinates by the names of columns: `x0,y0,z0,x1,…`, `left_hand_x,left_hand_y,…` or `nose.x,nose.y`.
  /// Columns that are no coordinates, such as confidences, are left out.
  ///
  /// - Returns: `nil` where names do not speak of at least two joints with all of their coordinates.
  public init?(columns: [String]) {
    var names: [String] = []
    var found: [String: [Int: Int]] = [:]
    for (place, column) in columns.enumerated() {
      guard let (joint, axis) = Self.coordinate(column.lowercased()) else { continue }
      if found[joint] == nil { names.append(joint) }
      guard found[joint]?[axis] == nil else { return nil }
      found[joint, default: [:]][axis] = place
    }
    let dimensions = found.values.contains { $0[2] != nil } ? 3 : 2
    guard names.count >= 2, found.values.allSatisfy({ $0.count == dimensions }) else { return nil }
    joints = names.count
    self.dimensions = dimensions
    places = names.flatMap { name in (0..<dimensions).map { found[name]?[$0] ?? 0 } }
    mirrored = names.map { name in Self.opposite(name).flatMap { names.firstIndex(of: $0) } ?? -1 }
    for joint in mirrored.indices where mirrored[joint] < 0 { mirrored[joint] = joint }
  }

  /// Whether a mirror exchanges some joints.
  public var hasSides: Bool { mirrored != Array(0..<joints) }

  /// Whether what a file says makes a layout of so many values.
  func isSound(values: Int) -> Bool {
    (2...3).contains(dimensions) && (2...1000).contains(joints) && places.count == joints * dimensions
      && places.allSatisfy { (0..<values).contains($0) } && mirrored.count == joints
      && mirrored.indices.allSatisfy { joint in
        (0..<joints).contains(mirrored[joint]) && mirrored[mirrored[joint]] == joint
      }
  }

  /// The joint and the axis of a column's name; `nil`: it is no coordinate.
  private static func coordinate(_ name: String) -> (joint: String, axis: Int)? {
    func axis(_ letter: Character) -> Int? { ["x": 0, "y": 1, "z": 2][letter] }
    if let first = name.first, let axis = axis(first), let number = Int(name.dropFirst()) {
      return ("\(number)", axis)
    }
    guard let last = name.last, let axis = axis(last) else { return nil }
    let stem = name.dropLast()
    if let mark = stem.last, "_.- ".contains(mark), stem.count > 1 { return (String(stem.dropLast()), axis) }
    return stem.last?.isNumber == true ? (String(stem), axis) : nil
  }

  /// The name of the joint on the other side: `left_hand` of `right_hand`, `lhip` has none.
  private static func opposite(_ name: String) -> String? {
    for (one, other) in [("left", "right"), ("right", "left")] {
      if let range = name.firstRange(of: one) { return name.replacingCharacters(in: range, with: other) }
    }
    for (one, other) in [("l", "r"), ("r", "l")] {
      if name.hasPrefix(one + "_") { return other + name.dropFirst() }
      if name.hasSuffix("_" + one) { return name.dropLast() + other }
    }
    return nil
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
    String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
  }
}
