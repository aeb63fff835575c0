/// What a page's components are, judged by their size.
struct LetterSizes {
  /// The typical height of a letter, in pixels; 0 where there are none.
  let height: Double
  let kinds: [Kind]
  enum Kind: UInt8 {
    /// Too little ink for a dot.
    case noise
    /// Dots, accents, commas, hyphens.
    case small
    case letter
    /// Rules, frames, pictures, the edge of a page.
    case large
  }

  init(_ components: [InkComponents.Component], width: Int, height pageHeight: Int) {
    let height = Self.typicalHeight(components, width: width, height: pageHeight)
    self.height = height
    kinds = components.map {
      Self.kind(width: Double($0.width), height: Double($0.height), area: $0.area, of: height)
    }
  }

  private static func kind(width w: Double, height h: Double, area: Int, of height: Double) -> Kind {
    if Double(area) < max(3, 0.005 * height * height) { return .noise }
    // Of headings; a word whose letters touch is wide.
    if h > 10 * height || w > 24 * height { return .large }
    if h < 0.4 * height {
      // A rule is long and thin; a dash is not longer than a few letters.
      return w > 4 * height ? .large : .small
    }
    return w > 25 * h ? .large : .letter
  }

  /// The median of heights, where each component counts by the square root of its box: so neither do specks outweigh
  /// letters, nor a picture.
  private static func typicalHeight(
    _ components: [InkComponents.Component], width: Int, height: Int
  ) -> Double {
    var counts: [Int: Double] = [:]
    for component in components {
      let (w, h) = (component.width, component.height)
      guard h >= 6, w >= 2, h < max(20, height / 8), w < max(40, width / 3), w < 12 * h, h < 8 * w else {
        continue
      }
      counts[h, default: 0] += Double(w * h).squareRoot()
    }
    let total = counts.values.reduce(0, +)
    var sum = 0.0
    for h in counts.keys.sorted() {
      sum += counts[h] ?? 0
      if sum >= total / 2 { return Double(h) }
    }
    return 0
  }
}
