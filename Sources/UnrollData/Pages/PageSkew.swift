import UnrollCore

/// By how much a page is turned, from its ink.
enum PageSkew {
  /// The angle in degrees, counterclockwise positive, by which lines rise to the right; 0 where there are none.
  ///
  /// Lower ends of components, most of which stand on baselines, are projected along each angle (Baird 1987): at the right
  /// one they fall into few rows, and the sum of squared counts is the largest.
  static func angle(_ components: [InkComponents.Component], _ sizes: LetterSizes, limit: Double = 15)
    -> Double
  {
    let letters = components.indices.filter {
      sizes.kinds[$0] == .letter && Double(components[$0].height) < 3 * sizes.height
    }
    guard letters.count >= 8 else { return 0 }
    // A page of a hundred thousand specks does not need all of them.
    let step = max(1, letters.count / 6000)
    let points = stride(from: 0, to: letters.count, by: step).map { index in
      let component = components[letters[index]]
      return (x: component.middleX, y: Double(component.bottom))
    }
    func sharpness(_ degrees: Double) -> Double {
      let angle = degrees * .pi / 180
      let (sin, cos) = (sine(angle), cosine(angle))
      let cell = max(1.5, sizes.height / 6)
      var counts: [Int: Double] = [:]
      for point in points {
        let place = (point.x * sin + point.y * cos) / cell
        let row = Int(place.rounded(.down))
        let share = place - place.rounded(.down)
        counts[row, default: 0] += 1 - share
        counts[row + 1, default: 0] += share
      }
      return counts.values.reduce(0) { $0 + $1 * $1 }
    }
    var best = (angle: 0.0, value: sharpness(0))
    for (reach, step) in [(limit, 0.25), (0.3, 0.05), (0.06, 0.01)] {
      let middle = best.angle
      for index in Int(-reach / step)...Int(reach / step) {
        let angle = middle + Double(index) * step
        let value = sharpness(angle)
        if value > best.value * 1.0000001 { best = (angle, value) }
      }
    }
    // Where no direction stands out, the page is left as it is.
    guard best.value > 1.1 * sharpness(best.angle + 3), best.value > 1.1 * sharpness(best.angle - 3) else {
      return 0
    }
    return best.angle
  }
}
