import UnrollCore
import UnrollData
import UnrollTraining

/// Pieces of music as the keys of a piano that sound at each step.
public struct ComposeData: TaskData {
  /// A piece of music.
  public struct Piece: Sendable {
    /// Its file, and its place there.
    public let place: String
    /// The keys that sound at each step, 0 to 87, ascending; 0 is A0, the pitch 21 of MIDI.
    public let steps: [[Int32]]
    var use: PartUse?

    public init(place: String = "", steps: [[Int32]] = []) {
      self.place = place
      self.steps = steps
    }
  }

  public internal(set) var pieces: [Piece]
  public let source: String
  public internal(set) var hash = ""

  public var facts: [Fact] {
    [
      Fact("pieces", pieces.count), Fact("steps", pieces.reduce(0) { $0 + $1.steps.count }),
      Fact("notes of steps", pieces.reduce(0) { $0 + $1.steps.reduce(0) { $0 + $1.count } }),
    ]
  }

  /// - Throws: `DataError` when a step names a key that a piano lacks, or the keys of a step do not ascend.
  public init(_ pieces: [Piece], source: String = "the pieces") throws {
    for piece in pieces {
      for step in piece.steps {
        guard step.allSatisfy({ $0 >= 0 && $0 < Keyboard.count }), zip(step, step.dropFirst()).allSatisfy(<)
        else {
          throw DataError(
            .badMusic, file: source, expected: "ascending keys from 0 to \(Keyboard.count - 1) in each step",
            found: "\(step)")
        }
      }
    }
    self.pieces = pieces
    self.source = source
  }

  /// Reads files and folders.
  ///
  /// - Throws: `DataError`.
  init(_ files: [String], _ settings: ComposeSettings, isStrict: Bool, note: (String) -> Void) throws {
    let read = try withoutActuallyEscaping(note) { note in
      try MusicReader(
        stepsPerQuarter: settings.stepsPerQuarter, lowestPitch: settings.lowestPitch, part: settings.part,
        note: note
      ).pieces(files, isStrict: isStrict)
    }
    let keys = read.map(\.roll.keys)
    try self.init(
      zip(read, keys).map { read, keys in
        var piece = Piece(place: read.place, steps: keys.steps)
        piece.use = read.use
        return piece
      }, source: files.joined(separator: ", "))
    let beyond = keys.reduce(0) { $0 + $1.beyond }
    if beyond > 0 { note("\(beyond) notes of steps lie beyond the 88 keys of a piano, and were left out") }
    var sum = SHA256()
    for piece in pieces { for step in piece.steps { sum.update(step.map { UInt8($0) } + [255]) } }
    hash = sum.hexadecimal()
  }

  /// The pieces of a use.
  func pieces(for use: PartUse) -> [Piece] {
    PartUse.places(pieces.map(\.use), for: use).map { pieces[$0] }
  }

  func choosing(_ places: [Int]) -> ComposeData {
    var copy = self
    copy.pieces = places.map { pieces[$0] }
    return copy
  }
}
