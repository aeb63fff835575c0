/// How much entities are best favoured: they are rare, and who learns to be right about words leaves too many of
/// them out. What counts is F₁, so the choice is by that.
///
/// Where tags are decided together, each entity is given a bonus at its beginning; where they are decided one by one,
/// each word of an entity is, by lowering the score of `O`.
public struct EntityBonus: Codable, Sendable, Equatable {
  /// What an entity is given.
  public private(set) var bonus: Float = 0
  /// F₁ of entities on the validation part, else the share of right tags.
  public private(set) var score = 0.0

  private static let steps: [Float] = (0...12).map { Float($0) * 0.25 }

  init(
    _ decoder: TagDecoder, _ words: TagWords, _ truth: [[String]], _ tags: TagSet
  ) throws {
    guard tags.scheme != nil else {
      let found = try decoder.answers(words).map { tags.decode($0.tags) }
      score = EntityScore(actual: truth, predicted: found).accuracy
      return
    }
    let unit = Self.unit(tags, decidesTogether: decoder.decidesTogether)
    for (step, found) in zip(Self.steps, try decoder.tags(words, adding: unit, times: Self.steps)) {
      let f1 = EntityScore(actual: truth, predicted: found.map(tags.decode)).overall.f1
      if f1 > score { (bonus, score) = (step, f1) }
    }
  }

  private static func unit(_ tags: TagSet, decidesTogether: Bool) -> [Float] {
    tags.names.map { name in
      if decidesTogether { return name.hasPrefix("B-") || name.hasPrefix("S-") ? 1 : 0 }
      return name == "O" ? -1 : 0
    }
  }

  /// What is added to the score of each tag; empty where there is nothing to add.
  func bonuses(_ tags: TagSet, _ decoder: TagDecoder) -> [Float] {
    bonus == 0 || tags.scheme == nil
      ? [] : Self.unit(tags, decidesTogether: decoder.decidesTogether).map { $0 * bonus }
  }
}
