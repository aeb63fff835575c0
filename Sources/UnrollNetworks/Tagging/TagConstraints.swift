/// Which tag may begin a sequence, follow another, and end one.
public struct TagConstraints: Sendable, Equatable {
  /// L, the number of tags.
  public let tagCount: Int
  /// Whether each tag may begin.
  public let begins: [Bool]
  /// Whether each tag may end.
  public let ends: [Bool]
  /// Whether tag j may follow tag i, at i · L + j.
  public let follows: [Bool]

  /// Constraints from three questions.
  public init(
    tagCount: Int, begins: (Int) -> Bool, ends: (Int) -> Bool, follows: (_ before: Int, _ after: Int) -> Bool
  ) {
    self.tagCount = tagCount
    self.begins = (0..<tagCount).map(begins)
    self.ends = (0..<tagCount).map(ends)
    self.follows = (0..<tagCount * tagCount).map { follows($0 / tagCount, $0 % tagCount) }
  }

  /// A way of writing chunks as tags such as `B-PER`; whatever has no prefix of the scheme stands outside.
  public enum Scheme: String, Sendable, Codable, CaseIterable {
    /// `I-` within, `B-` only where a chunk begins right after one of its type.
    case iob1
    /// `B-` where a chunk begins, `I-` after.
    case bio
    /// As `bio`, with `E-` at the end and `S-` for a chunk of one.
    case bioes

    fileprivate func parts(_ tag: String) -> (prefix: Character, type: Substring) {
      let prefixes: [Character] = self == .bioes ? ["B", "I", "E", "S"] : ["B", "I"]
      guard let prefix = tag.first, prefixes.contains(prefix) else { return ("O", "") }
      let rest = tag.dropFirst()
      guard rest.isEmpty || rest.first == "-" else { return ("O", "") }
      return (prefix, rest.dropFirst())
    }

    fileprivate func follows(
      _ a: (prefix: Character, type: Substring), _ b: (prefix: Character, type: Substring)
    )
      -> Bool
    {
      switch self {
      case .iob1: b.prefix != "B" || (a.prefix != "O" && a.type == b.type)
      case .bio: b.prefix != "I" || (a.prefix != "O" && a.type == b.type)
      case .bioes:
        if a.prefix == "B" || a.prefix == "I" {
          (b.prefix == "I" || b.prefix == "E") && a.type == b.type
        } else {
          b.prefix != "I" && b.prefix != "E"
        }
      }
    }
  }

  /// What a scheme allows of these tags.
  public init(tags: [String], scheme: Scheme) {
    let parts = tags.map(scheme.parts)
    let outside: (prefix: Character, type: Substring) = ("O", "")
    self.init(
      tagCount: tags.count, begins: { scheme.follows(outside, parts[$0]) },
      ends: { scheme == .bioes ? parts[$0].prefix != "B" && parts[$0].prefix != "I" : true },
      follows: { scheme.follows(parts[$0], parts[$1]) })
  }

  /// The first place where a sequence of tags breaks a rule.
  public func firstBreak(_ tags: [Int32]) -> Int? {
    for (step, tag) in tags.enumerated() {
      let allowed =
        step == 0 ? begins[Int(tag)] : follows[Int(tags[step - 1]) * tagCount + Int(tag)]
      if !allowed || (step == tags.count - 1 && !ends[Int(tag)]) { return step }
    }
    return nil
  }
}

/// Labels that a tagger cannot learn from.
public enum TagLabelError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The scores have another shape than the layer expects.
  case shape(place: String, expected: String, found: [Int])
  /// A sequence has another number of labels than steps.
  case count(sequence: Int, expected: Int, found: Int)
  /// A label is no tag.
  case unknown(sequence: Int, step: Int, label: Int32, tagCount: Int)
  /// The constraints forbid a label at its place.
  case forbidden(sequence: Int, step: Int, label: Int32)

  public var description: String {
    switch self {
    case .shape(let place, let expected, let found):
      "\(place): expected \(expected), found the shape \(found)"
    case .count(let sequence, let expected, let found):
      "sequence \(sequence): expected \(expected) labels, one a step, found \(found)"
    case .unknown(let sequence, let step, let label, let tagCount):
      "sequence \(sequence), step \(step): expected a label from 0 to \(tagCount - 1), found \(label)"
    case .forbidden(let sequence, let step, let label):
      "sequence \(sequence), step \(step): the constraints forbid label \(label) here"
    }
  }
}
