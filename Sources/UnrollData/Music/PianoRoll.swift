import UnrollCore

/// Music as frames of pitches that sound: one frame for each step of equal length.
public struct PianoRoll: Sendable, Equatable {
  /// The pitches of each step, as they stand in the file: voices keep their order, and −1 is a voice that rests.
  public var steps: [[Int]]

  public init(steps: [[Int]]) { self.steps = steps }

  /// The pitches that sound at a step, each once, from low to high.
  public func pitches(_ step: Int) -> [Int] { Set(steps[step].filter { $0 >= 0 }).sorted() }

  /// Steps of a MIDI file: a pitch is in a step when it sounds at the step's middle, or starts and ends within it.
  ///
  /// - Parameters:
  ///   - stepsPerQuarter: Steps of a quarter note.
  ///   - channels: The channels that are heard; by default all but 10, which drums have.
  /// - Throws: When ticks of the file are parts of seconds, or there are more steps than memory should hold.
  public init(
    _ file: MIDIFile, stepsPerQuarter: Int, channels: Set<UInt8> = Set((0...15).filter { $0 != 9 })
  ) throws(DataError) {
    precondition(stepsPerQuarter > 0, "there is a step")
    guard case .ticksPerQuarter(let ticks) = file.division else {
      throw DataError(
        .badMusic, file: "MIDI", expected: "ticks as parts of a quarter note",
        found: "parts of a frame of film")
    }
    let notes = file.notes().notes.filter { channels.contains($0.channel) }
    let scale = 2 * stepsPerQuarter
    guard (notes.map(\.end).max() ?? 0) < Int.max / 4 / scale else {
      throw DataError(.tooLarge, file: "MIDI", expected: "at most \(Self.mostSteps) steps", found: "more")
    }
    func range(_ note: MIDINote) -> Range<Int> {
      // Step s has its middle at (2s + 1) / scale quarters.
      let first = (note.start * scale + ticks - 1) / (2 * ticks)
      let last = (note.end * scale + ticks - 1) / (2 * ticks)
      return first < last
        ? first..<last : note.start * scale / (2 * ticks)..<note.start * scale / (2 * ticks) + 1
    }
    let count = notes.map { range($0).upperBound }.max() ?? 0
    guard count <= Self.mostSteps else {
      throw DataError(.tooLarge, file: "MIDI", expected: "at most \(Self.mostSteps) steps", found: "\(count)")
    }
    guard notes.reduce(0, { $0 + range($1).count }) <= 16 * Self.mostSteps else {
      throw DataError(
        .tooLarge, file: "MIDI", expected: "at most \(16 * Self.mostSteps) notes of steps", found: "more")
    }
    var sets = [Set<Int>](repeating: [], count: count)
    for note in notes { for step in range(note) { sets[step].insert(Int(note.pitch)) } }
    steps = sets.map { $0.sorted() }
  }

  static let mostSteps = 1 << 20

  /// Notes of the steps.
  ///
  /// - Parameter joins: Whether a pitch of two steps behind each other is one note, or starts anew.
  public func notes(ticksPerStep: Int, joins: Bool = true, velocity: UInt8 = 80) -> [MIDINote] {
    var notes: [MIDINote] = []
    var open: [Int: Int] = [:]
    for step in steps.indices {
      var next: [Int: Int] = [:]
      for pitch in pitches(step) where pitch <= 127 {
        if joins, let place = open[pitch] {
          notes[place].end += ticksPerStep
          next[pitch] = place
        } else {
          next[pitch] = notes.count
          let start = step * ticksPerStep
          notes.append(
            MIDINote(pitch: UInt8(pitch), velocity: velocity, start: start, end: start + ticksPerStep))
        }
      }
      open = next
    }
    return notes
  }
}

/// Piano rolls in JSON: lists of pieces, of steps, of pitches; in one list or by parts such as `train` and `test`.
public struct PianoRollFile: Sendable, Equatable {
  /// The pieces by the name of their part; in order of the file.
  public var parts: [(name: String, pieces: [PianoRoll])]

  public init(parts: [(name: String, pieces: [PianoRoll])]) { self.parts = parts }

  public static func == (a: PianoRollFile, b: PianoRollFile) -> Bool {
    a.parts.count == b.parts.count
      && zip(a.parts, b.parts).allSatisfy { $0.name == $1.name && $0.pieces == $1.pieces }
  }

  /// The pieces of a part; none where there is no such part.
  public subscript(name: String) -> [PianoRoll] { parts.first { $0.name == name }?.pieces ?? [] }

  /// Reads a file, which may be packed by gzip.
  ///
  /// - Parameter lowest: The pitch of the number 0: 21 for the columns of 88 keys, 0 for pitches of MIDI.
  public init(path: String, lowest: Int = 0) throws(DataError) {
    try self.init(try Gzip.bytes(at: path), name: path, lowest: lowest)
  }

  package init(_ bytes: [UInt8], name: String, lowest: Int = 0) throws(DataError) {
    var tokens = try JSONTokens(bytes, name: name)
    let first = try tokens.next()
    if first == .beginArray {
      parts = [("all", try Self.pieces(&tokens, lowest))]
    } else {
      guard first == .beginObject else { throw tokens.wrong("lists of pieces", "another value") }
      parts = []
      while let token = try tokens.next(), token != .endObject {
        guard case .key(let part) = token, try tokens.next() == .beginArray else {
          throw tokens.wrong("a list of pieces", "another value")
        }
        guard !parts.contains(where: { $0.name == part }) else {
          throw tokens.wrong("\(quoted(part)) once", "twice")
        }
        parts.append((part, try Self.pieces(&tokens, lowest)))
      }
    }
    guard try tokens.next() == nil else { throw tokens.wrong("the end of the file", "more") }
  }

  /// Pieces, or steps of one piece; the list is open.
  private static func pieces(_ tokens: inout JSONTokens, _ lowest: Int) throws(DataError) -> [PianoRoll] {
    let base = tokens.depth
    var pieces: [PianoRoll] = []
    var steps: [[Int]] = []
    // Whether lists of lists of numbers are steps of one piece, or pieces.
    var isOne: Bool?
    while let token = try tokens.next() {
      switch (token, tokens.depth - base) {
      case (.endArray, -1):
        if isOne == true { pieces = [PianoRoll(steps: steps)] }
        return pieces
      case (.beginArray, 1): if isOne == true { steps.append([]) }
      case (.beginArray, 2):
        guard isOne != true else { throw tokens.wrong("numbers in a step", "a list") }
        isOne = false
        steps.append([])
      case (.number(let value), let depth):
        guard depth == 1 && isOne != false || depth == 2 && isOne == false else {
          throw tokens.wrong("steps as lists of numbers", "a number elsewhere")
        }
        if isOne == nil {
          // The first piece's empty steps were taken for pieces of no step.
          isOne = true
          steps = pieces.map { _ in [] } + [[]]
        }
        steps[steps.count - 1].append(try pitch(value, lowest, tokens))
      case (.endArray, 0):
        if isOne != true {
          pieces.append(PianoRoll(steps: steps))
          steps = []
        }
      case (.endArray, 1): break
      default: throw tokens.wrong("steps as lists of numbers", "another value")
      }
    }
    throw tokens.wrong("the end of a list", "the end of the file")
  }

  private static func pitch(_ value: Double, _ lowest: Int, _ tokens: JSONTokens) throws(DataError) -> Int {
    if value == -1 { return -1 }
    guard value == value.rounded(), value >= 0, value + Double(lowest) <= 127, value + Double(lowest) >= 0
    else {
      throw tokens.wrong("a pitch from 0 to 127, or −1", "\(value)\(lowest == 0 ? "" : " and \(lowest)")")
    }
    return Int(value) + lowest
  }

  /// The file as JSON, by parts.
  public var json: [UInt8] {
    var text = "{"
    for (index, part) in parts.enumerated() {
      text += index == 0 ? "" : ","
      text += "\"\(part.name.filter { $0 != "\"" && $0 != "\\" && !$0.isNewline })\":["
      text += part.pieces.map { piece in
        "["
          + piece.steps.map { "[" + $0.map(String.init).joined(separator: ",") + "]" }.joined(separator: ",")
          + "]"
      }.joined(separator: ",\n")
      text += "]"
    }
    return Array((text + "}\n").utf8)
  }
}
