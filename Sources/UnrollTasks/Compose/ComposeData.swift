import UnrollCore
import UnrollData
import UnrollTraining

/// Pieces of music as the keys of a piano that sound at each step.
public struct ComposeData: TaskData {
  /// What a piece is for, where its file says so.
  enum Use: Sendable { case training, validation, test }

  /// A piece of music.
  public struct Piece: Sendable {
    /// Its file, and its place there.
    public let place: String
    /// The keys that sound at each step, 0 to 87, ascending; 0 is A0, the pitch 21 of MIDI.
    public let steps: [[Int32]]
    var use: Use?

    public init(place: String = "", steps: [[Int32]]) {
      self.place = place
      self.steps = steps
    }

    /// - Parameter roll: what lies beyond the keys of a piano is left out, and counted in `beyond`.
    init(_ place: String, _ roll: PianoRoll, use: Use? = nil, beyond: inout Int) {
      self.place = place
      self.use = use
      var left = 0
      steps = roll.steps.indices.map { step in
        let pitches = roll.pitches(step)
        let keys = pitches.map { $0 - Keyboard.lowest }.filter { (0..<Keyboard.count).contains($0) }
        left += pitches.count - keys.count
        return keys.map(Int32.init)
      }
      beyond += left
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

  /// The pieces of a use, or all pieces that are not for a test where none has that use.
  func pieces(for use: Use) -> [[[Int32]]] {
    let own = pieces.filter { $0.use == use }
    let chosen = own.isEmpty ? pieces.filter { use == .test || $0.use != .test } : own
    return chosen.map(\.steps)
  }

  func choosing(_ places: [Int]) -> ComposeData {
    var copy = self
    copy.pieces = places.map { pieces[$0] }
    return copy
  }
}

/// Reads files of music.
struct ComposeReader {
  static let endings = [".mid", ".midi", ".rmi", ".kar", ".json", ".abc"]

  let stepsPerQuarter: Int
  let lowestPitch: Int?
  let part: String?
  let note: (String) -> Void
  private(set) var hash = SHA256()
  /// Notes beyond the keys of a piano.
  private var beyond = 0

  init(_ settings: ComposeSettings, note: @escaping (String) -> Void) {
    stepsPerQuarter = settings.stepsPerQuarter
    lowestPitch = settings.lowestPitch
    part = settings.part
    self.note = note
  }

  /// The pieces of files and folders. What cannot be read is named and left out, unless `strict` or it is all there is.
  mutating func pieces(_ files: [String], strict: Bool) throws -> [ComposeData.Piece] {
    let sources = try InputFiles.list(files, suffixes: Self.endings)
    var pieces: [ComposeData.Piece] = []
    var (failures, empty): ([DataError], [String]) = ([], [])
    for source in sources {
      do throws(DataError) {
        let own = try self.pieces(of: source.name)
        if own.allSatisfy({ $0.steps.allSatisfy(\.isEmpty) }) { empty.append(source.name) }
        pieces += own.filter { !$0.steps.allSatisfy(\.isEmpty) }
      } catch {
        guard !strict else { throw error }
        failures.append(error)
        if failures.count <= Self.mostNamed { note("left out: \(error)") }
      }
    }
    if !empty.isEmpty {
      let more = empty.count > Self.mostNamed ? " and \(empty.count - Self.mostNamed) more" : ""
      note("no notes in \(empty.prefix(Self.mostNamed).joined(separator: ", "))\(more)")
    }
    guard !pieces.isEmpty else {
      throw failures.first
        ?? DataError(.badMusic, file: files.joined(separator: ", "), expected: "notes", found: "none")
    }
    if !failures.isEmpty {
      note("\(failures.count) of \(sources.count) files cannot be read, and were left out")
    }
    if beyond > 0 { note("\(beyond) notes of steps lie beyond the 88 keys of a piano, and were left out") }
    for piece in pieces { for step in piece.steps { hash.update(step.map { UInt8($0) } + [255]) } }
    return pieces
  }

  private static let mostNamed = 20

  /// The pieces of a file.
  mutating func pieces(of path: String) throws(DataError) -> [ComposeData.Piece] {
    var name = path.lowercased()
    if name.hasSuffix(".gz") { name.removeLast(3) }
    if name.hasSuffix(".json") { return try rolls(path) }
    if name.hasSuffix(".abc") {
      var pieces: [ComposeData.Piece] = []
      for (index, tune) in try ABCTune.read(path: path).enumerated() {
        let roll = try PianoRoll(tune, stepsPerQuarter: stepsPerQuarter, name: path)
        pieces.append(.init("\(path):\(index + 1)", roll, beyond: &beyond))
      }
      return pieces
    }
    return try midi(path)
  }

  private mutating func midi(_ path: String) throws(DataError) -> [ComposeData.Piece] {
    var file = try MIDIFile(path: path)
    for remark in file.remarks { note("\(path): \(remark)") }
    if case .timeCode(let frames, let ticks) = file.division {
      note("\(path): its ticks are parts of seconds; half a second is taken for a quarter note")
      // Twice the ticks, for a half of an odd number of them.
      file = file.scaled(by: 2, division: .ticksPerQuarter((frames == 29 ? 30 : frames) * ticks))
    }
    let files = file.format == .sequential ? file.tracks.indices.map { file.keeping(track: $0) } : [file]
    var pieces: [ComposeData.Piece] = []
    for (index, own) in files.enumerated() {
      do {
        let roll = try PianoRoll(own, stepsPerQuarter: stepsPerQuarter)
        pieces.append(.init(files.count > 1 ? "\(path):\(index + 1)" : path, roll, beyond: &beyond))
      } catch {
        throw DataError(error.kind, file: path, expected: error.expected, found: error.found)
      }
    }
    return pieces
  }

  private mutating func rolls(_ path: String) throws(DataError) -> [ComposeData.Piece] {
    var file = try PianoRollFile(path: path, lowest: lowestPitch ?? 0)
    if lowestPitch == nil {
      let numbers = file.parts.lazy.flatMap(\.pieces).flatMap(\.steps).joined().filter { $0 >= 0 }
      let (low, high) = (numbers.min() ?? 60, numbers.max() ?? 60)
      if low < Keyboard.lowest, high < Keyboard.count {
        file = try PianoRollFile(path: path, lowest: Keyboard.lowest)
        note("\(path): numbers from \(low) to \(high) are taken for columns of 88 keys (--lowest-pitch 21)")
      } else if high < Keyboard.count {
        note("\(path): numbers from \(low) to \(high) are taken for pitches of MIDI (--lowest-pitch 0)")
      }
    }
    if let part, !file.parts.contains(where: { $0.name == part }) {
      throw DataError(
        .badMusic, file: path, expected: "a part \(quoted(part))",
        found: file.parts.map { quoted($0.name) }.joined(separator: ", "))
    }
    var pieces: [ComposeData.Piece] = []
    for (name, rolls) in file.parts where part == nil || name == part {
      for (index, roll) in rolls.enumerated() {
        pieces.append(
          .init(
            "\(path):\(name) \(index + 1)", roll, use: part == nil ? Self.use(name) : nil, beyond: &beyond))
      }
    }
    return pieces
  }

  private static func use(_ part: String) -> ComposeData.Use? {
    switch part.lowercased() {
    case "train", "training": .training
    case "valid", "validation", "val", "dev": .validation
    case "test": .test
    default: nil
    }
  }
}
