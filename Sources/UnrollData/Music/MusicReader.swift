/// A piece of a file of music.
package struct MusicPiece: Sendable {
  /// Its file, and its place there.
  package let place: String
  package let roll: PianoRoll
  /// What its part of the file is for, if it says so.
  package let use: PartUse?
}

/// Reads music in MIDI, ABC and JSON as steps of equal length.
package struct MusicReader {
  /// The endings of files that are taken from folders.
  package static let endings = [".mid", ".midi", ".rmi", ".kar", ".json", ".abc"]
  /// The lowest key of a piano, and how many it has: columns of piano rolls are often counted from there.
  package static let piano = (lowest: 21, count: 88)

  private let stepsPerQuarter: Int
  private let lowestPitch: Int?
  private let part: String?
  private let note: (String) -> Void

  /// - Parameters:
  ///   - lowestPitch: the pitch of the number 0 in JSON; `nil`: guessed, which is told.
  ///   - part: the part of a file in JSON; `nil`: all.
  package init(
    stepsPerQuarter: Int, lowestPitch: Int? = nil, part: String? = nil, note: @escaping (String) -> Void
  ) {
    self.stepsPerQuarter = stepsPerQuarter
    self.lowestPitch = lowestPitch
    self.part = part
    self.note = note
  }

  /// The pieces of files and folders that hold notes. What cannot be read is named, left out and counted, unless
  /// `isStrict` or it is all there is.
  ///
  /// - Throws: `DataError`.
  package func pieces(_ files: [String], isStrict: Bool) throws(DataError) -> [MusicPiece] {
    var pieces: [MusicPiece] = []
    var silent: [String] = []
    try InputFiles.forEachReadable(files, suffixes: Self.endings, isStrict: isStrict, note: note) {
      (name, _) throws(DataError) in
      let own = try self.pieces(of: name).filter { !$0.roll.isSilent }
      if own.isEmpty { silent.append(name) }
      pieces += own
    }
    if !silent.isEmpty {
      let more = silent.count > Self.mostNamed ? " and \(silent.count - Self.mostNamed) more" : ""
      note("no notes in \(silent.prefix(Self.mostNamed).joined(separator: ", "))\(more)")
    }
    guard !pieces.isEmpty else {
      throw DataError(.badMusic, file: files.joined(separator: ", "), expected: "notes", found: "none")
    }
    return pieces
  }

  private static let mostNamed = 20

  private func pieces(of path: String) throws(DataError) -> [MusicPiece] {
    var name = path.lowercased()
    if name.hasSuffix(".gz") { name.removeLast(3) }
    if name.hasSuffix(".json") { return try rolls(path) }
    return name.hasSuffix(".abc") ? try tunes(path) : try midi(path)
  }

  private func tunes(_ path: String) throws(DataError) -> [MusicPiece] {
    var pieces: [MusicPiece] = []
    for (index, tune) in try ABCTune.read(path: path).enumerated() {
      let roll = try PianoRoll(tune, stepsPerQuarter: stepsPerQuarter, name: path)
      pieces.append(MusicPiece(place: "\(path):\(index + 1)", roll: roll, use: nil))
    }
    return pieces
  }

  private func midi(_ path: String) throws(DataError) -> [MusicPiece] {
    var file = try MIDIFile(path: path)
    for remark in file.remarks { note("\(path): \(remark)") }
    if case .timeCode(let frames, let ticks) = file.division {
      note("\(path): its ticks are parts of seconds; half a second is taken for a quarter note")
      // Twice the ticks, for a half of an odd number of them.
      file = file.scaled(by: 2, division: .ticksPerQuarter((frames == 29 ? 30 : frames) * ticks))
    }
    let files = file.format == .sequential ? file.tracks.indices.map { file.keeping(track: $0) } : [file]
    var pieces: [MusicPiece] = []
    for (index, own) in files.enumerated() {
      do throws(DataError) {
        let roll = try PianoRoll(own, stepsPerQuarter: stepsPerQuarter)
        pieces.append(
          MusicPiece(place: files.count > 1 ? "\(path):\(index + 1)" : path, roll: roll, use: nil))
      } catch {
        throw DataError(error.kind, file: path, expected: error.expected, found: error.found)
      }
    }
    return pieces
  }

  private func rolls(_ path: String) throws(DataError) -> [MusicPiece] {
    var file = try PianoRollFile(path: path, lowest: lowestPitch ?? 0)
    if lowestPitch == nil {
      let numbers = file.parts.lazy.flatMap(\.pieces).flatMap(\.steps).joined().filter { $0 >= 0 }
      let (low, high) = (numbers.min() ?? 60, numbers.max() ?? 60)
      if low < Self.piano.lowest, high < Self.piano.count {
        file = try PianoRollFile(path: path, lowest: Self.piano.lowest)
        note("\(path): numbers from \(low) to \(high) are taken for columns of 88 keys (lowest-pitch 21)")
      } else if high < Self.piano.count {
        note("\(path): numbers from \(low) to \(high) are taken for pitches of MIDI (lowest-pitch 0)")
      }
    }
    if let part, !file.parts.contains(where: { $0.name == part }) {
      throw DataError(
        .badMusic, file: path, expected: "a part \(quoted(part))",
        found: file.parts.map { quoted($0.name) }.joined(separator: ", "))
    }
    return file.parts.filter { part == nil || $0.name == part }.flatMap { name, rolls in
      rolls.enumerated().map { index, roll in
        MusicPiece(
          place: "\(path):\(name) \(index + 1)", roll: roll, use: part == nil ? PartUse(name) : nil)
      }
    }
  }
}

extension PianoRoll {
  /// Whether nothing sounds.
  package var isSilent: Bool { steps.allSatisfy { $0.allSatisfy { $0 < 0 } } }

  /// The keys of a piano that sound at each step, 0 to 87, ascending, and how many notes of steps it has no key for.
  package var keys: (steps: [[Int32]], beyond: Int) {
    var beyond = 0
    let keys = steps.indices.map { step in
      let pitches = pitches(step)
      let keys = pitches.map { $0 - MusicReader.piano.lowest }.filter {
        (0..<MusicReader.piano.count).contains($0)
      }
      beyond += pitches.count - keys.count
      return keys.map(Int32.init)
    }
    return (keys, beyond)
  }
}

/// How a piano roll is written as a score.
package struct ScoreStyle: Sendable {
  package var stepsPerQuarter = 4
  /// Quarter notes of a bar.
  package var beats = 4
  /// Quarter notes a minute.
  package var tempo = 120.0
  /// As General MIDI counts them, from 1.
  package var instrument = 1
  /// Whether a pitch of two steps behind each other is one note, or starts anew.
  package var joins = true

  package init() {}
}

extension MIDIFile {
  private static let ticksPerStep = 120

  /// A score of steps.
  ///
  /// - Parameter melody: the pitch of a voice that has a track of its own, at each step; −1 where it rests.
  package init(_ roll: PianoRoll, melody: [Int]? = nil, _ style: ScoreStyle) {
    var tracks = [roll]
    if let melody {
      tracks = [
        PianoRoll(steps: melody.map { [$0] }),
        PianoRoll(steps: zip(roll.steps, melody).map { step, own in step.filter { $0 != own } }),
      ]
    }
    let notes = tracks.enumerated().flatMap { track, roll in
      roll.notes(ticksPerStep: Self.ticksPerStep, joins: style.joins).map {
        var note = $0
        (note.track, note.channel) = (track, UInt8(track))
        return note
      }
    }
    let program = UInt8(clamping: style.instrument - 1) & 0x7f
    self.init(
      notes: notes, beatsPerMinute: style.tempo, ticksPerQuarter: Self.ticksPerStep * style.stepsPerQuarter,
      programs: [0: program, 1: program])
    self.tracks[0].insert(
      Event(tick: 0, message: .timeSignature(UInt8(clamping: style.beats), power: 2)), at: 1)
    // Rests at the end are a part of the music.
    let end = roll.steps.count * Self.ticksPerStep
    for track in self.tracks.indices { self.tracks[track][self.tracks[track].count - 1].tick = end }
  }
}
