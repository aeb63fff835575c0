extension ABCTune {
  /// Ticks of a quarter note: divides by all lengths that are met.
  package static let ticksPerQuarter = 6720

  /// The notes of the tune: repeats are played, with first and second endings; voices sound together; grace notes,
  /// decorations, chord symbols and words are passed over.
  ///
  /// - Parameter name: the file, for errors.
  /// - Throws: `DataError` for what is no music, with the line of the tune.
  package func notes(name: String) throws(DataError) -> [MIDINote] {
    var parser = ABCParser(name: name)
    var inBody = false
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      parser.line = index + 1
      if let first = line.first, first.isLetter || first == "+", line.dropFirst().first == ":" {
        try parser.field(first, String(line.dropFirst(2)))
        if first == "K" { inBody = true }
      } else if inBody {
        try parser.music(Array(line))
      }
    }
    return try parser.notes()
  }
}

extension PianoRoll {
  /// Steps of a tune.
  ///
  /// - Throws: `DataError` for what is no music, or more steps than memory should hold.
  package init(_ tune: ABCTune, stepsPerQuarter: Int, name: String) throws(DataError) {
    try self.init(
      MIDIFile(notes: try tune.notes(name: name), ticksPerQuarter: ABCTune.ticksPerQuarter),
      stepsPerQuarter: stepsPerQuarter)
  }
}

/// Reads the lines of a tune, voice by voice.
private struct ABCParser {
  enum Element {
    /// No pitch is a rest.
    case sound(pitches: [Int], ticks: Int, isTied: Bool)
    case bar
    case repeatStart
    case repeatEnd
    case ending(Int)
  }

  let name: String
  var line = 0
  private var voices: [(name: String, elements: [Element])] = [("", [])]
  private var voice = 0
  private var key: [Character: Int] = [:]
  /// Accidentals of the present bar, by letter and octave.
  private var accidentals: [String: Int] = [:]
  private var unit: Int?
  private var meter: (beats: Int, note: Int)? = (4, 4)
  /// Of `>` and `<`: what the next length is multiplied by.
  private var broken: (numerator: Int, denominator: Int)?
  private var tuplet: (numerator: Int, denominator: Int, left: Int)?
  private var characters: [Character] = []
  private var position = 0

  init(name: String) { self.name = name }

  private func wrong(_ expected: String, _ found: String) -> DataError {
    DataError(.badMusic, file: name, expected: expected, found: "\(found) in line \(line) of the tune")
  }

  private static let whole = 4 * ABCTune.ticksPerQuarter
  private static let mostElements = 1 << 20

  /// The length of a note without a number: an eighth, or a sixteenth where bars are short.
  private var unitTicks: Int {
    if let unit { return unit }
    guard let meter else { return Self.whole / 8 }
    return 4 * meter.beats < 3 * meter.note ? Self.whole / 16 : Self.whole / 8
  }

  mutating func field(_ letter: Character, _ text: String) throws(DataError) {
    let value = text.drop { $0.isWhitespace }
    switch letter {
    case "K":
      if let key = ABCKey(String(value)) {
        self.key = key.shifts
      } else {
        throw wrong("a key", quoted(String(value)))
      }
    case "L":
      guard let (numerator, denominator) = Self.fraction(value), denominator <= Self.whole else {
        throw wrong("a length such as 1/8", quoted(String(value)))
      }
      unit = max(1, Self.whole * numerator / denominator)
    case "M":
      if value.hasPrefix("C|") {
        meter = (2, 2)
      } else if value.hasPrefix("C") {
        meter = (4, 4)
      } else {
        meter = Self.fraction(value)
      }
    case "V":
      (accidentals, broken, tuplet) = ([:], nil, nil)
      let id = String(value.prefix { !$0.isWhitespace })
      // A voice that is named before any note is the first.
      if voices.count == 1, voices[0].name.isEmpty, voices[0].elements.isEmpty { voices[0].name = id }
      if let known = voices.firstIndex(where: { $0.name == id }) {
        voice = known
      } else {
        guard voices.count < 64 else { throw wrong("at most 64 voices", "more") }
        voices.append((id, []))
        voice = voices.count - 1
      }
    default: break
    }
  }

  private static func fraction(_ text: Substring) -> (Int, Int)? {
    let parts = text.prefix { !$0.isWhitespace }.split(separator: "/")
    guard parts.count == 2, let a = Int(parts[0]), let b = Int(parts[1]), (1...1024).contains(a),
      (1...1024).contains(b)
    else { return nil }
    return (a, b)
  }

  private var next: Character? { position < characters.count ? characters[position] : nil }

  private mutating func take(_ character: Character) -> Bool {
    guard next == character else { return false }
    position += 1
    return true
  }

  private mutating func append(_ element: Element) throws(DataError) {
    guard voices[voice].elements.count < Self.mostElements else {
      throw wrong("a shorter tune", "more notes")
    }
    voices[voice].elements.append(element)
  }

  mutating func music(_ line: [Character]) throws(DataError) {
    (characters, position) = (line, 0)
    while let character = next {
      switch character {
      case "\"", "!", "+": try skip(to: character)
      case "{": try skip(to: "}")
      case "|", ":": try bar()
      case "[": try bracket()
      case "(":
        position += 1
        if let count = digits() { try tuplet(count) }
      case ">", "<": try breakRhythm(character)
      case "z", "x":
        position += 1
        try sound([])
      case "Z", "X":
        position += 1
        let bars = digits() ?? 1
        let meter = meter ?? (4, 4)
        guard bars <= 1024 else { throw wrong("a rest of at most 1024 bars", "\(bars)") }
        try append(
          .sound(pitches: [], ticks: bars * Self.whole * meter.beats / meter.note, isTied: false))
      case "^", "_", "=", "A"..."G", "a"..."g": try sound([try pitch()])
      case ")", "-", "\\", "`", "*", "$", "&", "y", ".", "~", "H"..."W", "u", "v", "]": position += 1
      default:
        guard character.isWhitespace else { throw wrong("music", quoted(String(character))) }
        position += 1
      }
    }
  }

  private mutating func skip(to end: Character) throws(DataError) {
    position += 1
    while let character = next {
      position += 1
      if character == end { return }
    }
    throw wrong("\(quoted(String(end))) in the line", "none")
  }

  /// Bars, repeats and endings: `|`, `||`, `|]`, `[|`, `|:`, `:|`, `::`, `|1`.
  private mutating func bar() throws(DataError) {
    var signs = ""
    while let character = next,
      "|:]".contains(character) || character == "[" && signs.hasSuffix("|") && isBar(at: position + 1)
    {
      signs.append(character)
      position += 1
    }
    accidentals = [:]
    if signs.hasPrefix(":") { try append(.repeatEnd) }
    try append(.bar)
    if signs.hasSuffix(":"), signs.count > 1 { try append(.repeatStart) }
    if let number = next?.wholeNumberValue {
      position += 1
      try append(.ending(number))
    }
  }

  private func isBar(at place: Int) -> Bool { place < characters.count && characters[place] == "|" }

  /// A chord, a field within the line, an ending or a bar.
  private mutating func bracket() throws(DataError) {
    position += 1
    if next == "|" { return try bar() }
    if let number = next?.wholeNumberValue {
      position += 1
      return try append(.ending(number))
    }
    if let letter = next, letter.isLetter, position + 1 < characters.count, characters[position + 1] == ":" {
      position += 2
      let start = position
      while let character = next, character != "]" {
        position += 1
        _ = character
      }
      guard take("]") else { throw wrong("\"]\"", "the end of the line") }
      return try field(letter, String(characters[start..<position - 1]))
    }
    var pitches: [Int] = []
    var own: (Int, Int) = (1, 1)
    while let character = next, character != "]" {
      if character.isWhitespace || "!.~-()".contains(character) {
        position += 1
        continue
      }
      guard pitches.count < 128 else { throw wrong("a chord of at most 128 notes", "more") }
      pitches.append(try pitch())
      let length = try length()
      if pitches.count == 1 { own = length }
    }
    guard take("]") else { throw wrong("\"]\"", "the end of the line") }
    try sound(pitches, times: own)
  }

  private mutating func digits() -> Int? {
    var value: Int?
    while let digit = next?.wholeNumberValue, next?.isASCII == true {
      value = min(100_000, (value ?? 0) * 10 + digit)
      position += 1
    }
    return value
  }

  /// `3`, `/2`, `3/2`, `/`, `//`.
  private mutating func length() throws(DataError) -> (Int, Int) {
    let numerator = digits() ?? 1
    var denominator = 1
    while take("/") {
      denominator *= digits() ?? 2
      if denominator > 1024 { break }
    }
    guard (1...1024).contains(numerator), (1...1024).contains(denominator) else {
      throw wrong("a length from 1/1024 to 1024", "\(numerator)/\(denominator)")
    }
    return (numerator, denominator)
  }

  private mutating func pitch() throws(DataError) -> Int {
    var accidental: Int?
    while let character = next, "^_=".contains(character) {
      accidental = (accidental ?? 0) + (character == "^" ? 1 : character == "_" ? -1 : 0)
      position += 1
    }
    guard let letter = next, let base = Self.semitones[Character(letter.uppercased())] else {
      throw wrong("a note", next.map { quoted(String($0)) } ?? "the end of the line")
    }
    position += 1
    // C is middle C, the pitch 60 of MIDI; c is above it.
    var octave = letter.isLowercase ? 6 : 5
    while let mark = next, mark == "'" || mark == "," {
      octave += mark == "'" ? 1 : -1
      position += 1
    }
    let upper = Character(letter.uppercased())
    let place = "\(upper)\(octave)"
    if let accidental { accidentals[place] = accidental }
    let pitch = 12 * octave + base + (accidentals[place] ?? key[upper] ?? 0)
    guard (0...127).contains(pitch), abs(accidental ?? 0) <= 2 else {
      throw wrong("a pitch that MIDI has", "the pitch \(pitch)")
    }
    return pitch
  }

  private static let semitones: [Character: Int] = ["C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11]

  private mutating func sound(_ pitches: [Int], times own: (Int, Int) = (1, 1)) throws(DataError) {
    let (numerator, denominator) = try length()
    var ticks = unitTicks * numerator * own.0 / (denominator * own.1)
    if let broken { ticks = ticks * broken.numerator / broken.denominator }
    broken = nil
    if let current = tuplet {
      ticks = ticks * current.numerator / current.denominator
      tuplet = current.left > 1 ? (current.numerator, current.denominator, current.left - 1) : nil
    }
    try append(.sound(pitches: pitches, ticks: max(1, ticks), isTied: take("-")))
  }

  /// `(p:q:r`: p notes in the time of q, for the next r notes.
  private mutating func tuplet(_ p: Int) throws(DataError) {
    guard (2...64).contains(p) else { throw wrong("a tuplet of 2 to 64 notes", "\(p)") }
    var q: Int?
    var r: Int?
    if take(":") {
      q = digits()
      if take(":") { r = digits() }
    }
    let isCompound = meter.map { $0.beats % 3 == 0 && $0.beats > 3 } ?? false
    let usual = [2: 3, 3: 2, 4: 3, 6: 2, 8: 3][p] ?? (isCompound ? 3 : 2)
    let time = q ?? usual
    guard (1...64).contains(time) else { throw wrong("a tuplet in the time of 1 to 64 notes", "\(time)") }
    tuplet = (time, p, min(1024, max(1, r ?? p)))
  }

  /// `a>b`: the first is longer by a half, the second shorter; `>>` by three quarters.
  private mutating func breakRhythm(_ sign: Character) throws(DataError) {
    var count = 0
    while take(sign) { count += 1 }
    guard count <= 3, let last = voices[voice].elements.last,
      case .sound(let pitches, let ticks, let tied) = last
    else { throw wrong("a note before \(quoted(String(sign)))", "none") }
    let power = 1 << count
    let (long, short) = (2 * power - 1, 1)
    let first = sign == ">" ? long : short
    broken = (sign == ">" ? short : long, power)
    voices[voice].elements[voices[voice].elements.count - 1] = .sound(
      pitches: pitches, ticks: max(1, ticks * first / power), isTied: tied)
  }

  func notes() throws(DataError) -> [MIDINote] {
    var notes: [MIDINote] = []
    for (track, voice) in voices.enumerated() {
      var tick = 0
      // Notes that go on, by pitch.
      var open: [Int: Int] = [:]
      for (pitches, ticks, isTied) in Self.played(voice.elements) {
        var tied: [Int: Int] = [:]
        for pitch in Set(pitches).sorted() {
          let place = open[pitch] ?? notes.count
          if place == notes.count {
            notes.append(MIDINote(track: track, pitch: UInt8(pitch), start: tick, end: tick))
          }
          notes[place].end = tick + ticks
          if isTied { tied[pitch] = place }
        }
        open = tied
        tick += ticks
      }
    }
    guard !notes.isEmpty else { throw DataError(.badMusic, file: name, expected: "notes", found: "none") }
    return notes
  }

  /// What sounds, with repeats played twice: at most twice as much as is written.
  private static func played(_ elements: [Element]) -> [(pitches: [Int], ticks: Int, isTied: Bool)] {
    var result: [(pitches: [Int], ticks: Int, isTied: Bool)] = []
    var (index, start, isSecond) = (0, 0, false)
    while index < elements.count {
      switch elements[index] {
      case .sound(let pitches, let ticks, let isTied): result.append((pitches, ticks, isTied))
      case .bar: break
      case .repeatStart: (start, isSecond) = (index + 1, false)
      case .repeatEnd:
        if isSecond {
          (start, isSecond) = (index + 1, false)
        } else {
          (index, isSecond) = (start, true)
          continue
        }
      case .ending(let number):
        guard number == 1, isSecond else { break }
        // The first ending is not played again.
        while index < elements.count {
          if case .repeatEnd = elements[index] { break }
          index += 1
        }
        (start, isSecond) = (index + 1, false)
      }
      index += 1
    }
    return result
  }
}
