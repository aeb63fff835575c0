/// Sound cut into pieces that are short enough to be read at once, where it is quietest.
package struct SoundPieces {
  /// A piece is no longer than this, in seconds; one that is longer is cut between the two.
  package static let (longest, least) = (40.0, 20.0)
  /// A cut stands in the middle of the quietest so many seconds.
  private static let quiet = 0.3

  private let rate: Int
  private var waiting: [Float] = []
  private var start = 0

  package init(rate: Int) { self.rate = rate }

  /// Takes samples, and gives a piece if there is a whole one, with the sample that it begins at.
  package mutating func push(_ samples: [Float]) -> [(start: Int, samples: [Float])] {
    waiting += samples
    var pieces: [(Int, [Float])] = []
    while waiting.count > Int(Self.longest * Double(rate)) { pieces.append(take(cut())) }
    return pieces
  }

  /// What is left.
  package mutating func finish() -> (start: Int, samples: [Float]) { take(waiting.count) }

  private mutating func take(_ count: Int) -> (Int, [Float]) {
    let piece = (start, Array(waiting[..<count]))
    waiting.removeFirst(count)
    start += count
    return piece
  }

  private func cut() -> Int {
    let (width, hop) = (max(1, Int(Self.quiet * Double(rate))), max(1, rate / 100))
    let last = Int(Self.longest * Double(rate)) - width
    var (best, place) = (Double.infinity, last)
    for from in stride(from: Int(Self.least * Double(rate)), through: last, by: hop) {
      let energy = waiting[from..<from + width].reduce(0.0) { $0 + Double($1) * Double($1) }
      if energy < best { (best, place) = (energy, from) }
    }
    return place + width / 2
  }
}
