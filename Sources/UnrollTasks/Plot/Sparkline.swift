/// A series in one line of characters, history and forecast on one scale: `▁▂▃▅▆▇│▇█`.
package enum Sparkline {
  private static let blocks = Array("▁▂▃▄▅▆▇█")

  /// The line. Numbers that are missing (NaN, infinite) are spaces; a constant series stays at half height.
  /// - Parameter width: the most characters to use; neighbouring steps are averaged until history, bar and forecast
  ///   fit. A bar stands between them only where both are there.
  package static func text(history: [Double], forecast: [Double] = [], width: Int? = nil) -> String {
    var (past, future) = (history, forecast)
    let bar = past.isEmpty || future.isEmpty ? 0 : 1
    if let width, past.count + future.count + bar > width {
      let room = max(width - bar, 1 + bar)
      var size = max((history.count + forecast.count + room - 1) / room, 2)
      while bucketCount(history, size) + bucketCount(forecast, size) > room { size += 1 }
      // Buckets are whole where history and forecast meet; the oldest and the furthest may be smaller.
      past = Array(averaged(history.reversed(), size).reversed())
      future = averaged(forecast, size)
    }
    let finite = (past + future).filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else {
      return String(repeating: " ", count: past.count + future.count + bar)
    }
    func character(_ value: Double) -> Character {
      guard value.isFinite else { return " " }
      guard high > low else { return blocks[3] }
      // Halved first, so that the width of a huge range does not overflow.
      let fraction = (value / 2 - low / 2) / (high / 2 - low / 2)
      return blocks[min(Int(fraction * Double(blocks.count)), blocks.count - 1)]
    }
    return String(past.map(character)) + (bar == 1 ? "│" : "") + String(future.map(character))
  }

  private static func bucketCount(_ values: [Double], _ size: Int) -> Int { (values.count + size - 1) / size }

  private static func averaged(_ values: [Double], _ size: Int) -> [Double] {
    stride(from: 0, to: values.count, by: size).map { start in
      let bucket = values[start..<min(start + size, values.count)].filter(\.isFinite)
      return bucket.isEmpty ? .nan : bucket.reduce(0) { $0 + $1 / Double(bucket.count) }
    }
  }
}
