extension MIDIFile {
  /// Files beyond this are no music.
  static let largestFile = 1 << 27

  /// Reads a file of MIDI, also within RIFF (`.rmi`).
  ///
  /// Statuses may be left out where they repeat, also across meta events. Chunks of other kinds are passed over. A file
  /// that is cut short is read as far as it goes, and a remark says so; whatever else is wrong is an error that says
  /// where.
  public init(path: String) throws(DataError) {
    let source = try ByteSource(path: path)
    var bytes: [UInt8] = []
    while try source.read(into: &bytes) {
      guard bytes.count <= Self.largestFile else {
        throw DataError(
          .tooLarge, file: path, expected: "a MIDI file of at most \(Self.largestFile) bytes", found: "more")
      }
    }
    try self.init(bytes, name: path)
  }

  /// Reads bytes; `name` is used in errors.
  public init(_ bytes: [UInt8], name: String) throws(DataError) {
    var reader = MIDIReader(bytes, name: name)
    self = try reader.file()
  }
}

private struct MIDIReader {
  private let bytes: [UInt8]
  private let name: String
  private var position = 0
  private var end: Int
  private var remarks: [String] = []

  init(_ bytes: [UInt8], name: String) {
    self.bytes = bytes
    self.name = name
    end = bytes.count
  }

  private func wrong(_ expected: String, _ found: String, at place: Int? = nil) -> DataError {
    DataError(
      .badMusic, file: name, expected: expected, found: "\(found) at byte \(place ?? position)")
  }

  /// What ends before it should.
  private struct CutShort: Error {}

  private mutating func byte() throws(CutShort) -> UInt8 {
    guard position < end else { throw CutShort() }
    position += 1
    return bytes[position - 1]
  }

  private func number(_ place: Int, _ count: Int) -> Int {
    bytes[place..<(place + count)].reduce(0) { $0 << 8 | Int($1) }
  }

  private func hasMark(_ mark: String, at place: Int) -> Bool {
    place + 4 <= bytes.count && bytes[place..<(place + 4)].elementsEqual(mark.utf8)
  }

  mutating func file() throws(DataError) -> MIDIFile {
    guard !bytes.isEmpty else {
      throw DataError(
        .emptyFile, file: name, expected: "MIDI", found: "no byte", statement: "the file is empty")
    }
    if hasMark("RIFF", at: 0), hasMark("RMID", at: 8) {
      // A chunk of RIFF holds the file.
      guard hasMark("data", at: 12), bytes.count >= 20 else {
        throw wrong("a chunk \"data\"", "none", at: 12)
      }
      position = 20
    }
    guard hasMark("MThd", at: position) else {
      let isText = TextFile.firstNotText(in: Array(bytes.prefix(512))) == nil
      throw wrong("a MIDI file, which starts with \"MThd\"", isText ? "text" : "something else")
    }
    guard position + 14 <= bytes.count else { throw wrong("a header of 14 bytes", "the end of the file") }
    let size = number(position + 4, 4)
    guard size >= 6, size <= bytes.count - position - 8 else {
      throw wrong("a header of at least 6 bytes within the file", "\(size)", at: position + 4)
    }
    guard let format = MIDIFile.Format(rawValue: number(position + 8, 2)) else {
      throw wrong("format 0, 1 or 2", "\(number(position + 8, 2))", at: position + 8)
    }
    let announced = number(position + 10, 2)
    let division = try division(number(position + 12, 2), at: position + 12)
    position += 8 + size
    var file = MIDIFile(format: format, division: division)
    try readTracks(announced, into: &file)
    file.remarks = remarks
    return file
  }

  private func division(_ value: Int, at place: Int) throws(DataError) -> MIDIFile.Division {
    if value & 0x8000 == 0 {
      guard value > 0 else { throw wrong("at least one tick a quarter note", "0", at: place) }
      return .ticksPerQuarter(value)
    }
    let rate = 256 - value >> 8
    let ticks = value & 0xff
    guard [24, 25, 29, 30].contains(rate), ticks > 0 else {
      throw wrong("24, 25, 29 or 30 frames a second of at least one tick", "\(rate) of \(ticks)", at: place)
    }
    return .timeCode(framesPerSecond: rate, ticksPerFrame: ticks)
  }

  private mutating func readTracks(_ announced: Int, into file: inout MIDIFile) throws(DataError) {
    while file.tracks.count < announced, position + 8 <= bytes.count {
      let isTrack = hasMark("MTrk", at: position)
      let mark = position
      let size = number(position + 4, 4)
      position += 8
      if !isTrack {
        // Chunks that are not known are to be passed over; what does not look like one is damage.
        guard bytes[mark..<(mark + 4)].allSatisfy({ (0x20...0x7e).contains($0) }) else {
          throw wrong("a chunk \"MTrk\"", "something else", at: mark)
        }
        remarks.append("a chunk that is no track was passed over")
        position += min(size, bytes.count - position)
        continue
      }
      end = position + min(size, bytes.count - position)
      let isCut = size > bytes.count - position
      file.tracks.append(try track(file.tracks.count + 1, isCut: isCut))
      position = end
      end = bytes.count
    }
    if file.tracks.count < announced {
      remarks.append("the header announces \(announced) tracks, and \(file.tracks.count) are there")
    }
  }

  private mutating func track(_ number: Int, isCut: Bool) throws(DataError) -> [MIDIFile.Event] {
    var events: [MIDIFile.Event] = []
    var tick = 0
    var running: UInt8?
    var isWhole = !isCut
    while position < end {
      let start = position
      do {
        tick += try variableLength()
        let message = try message(&running)
        events.append(MIDIFile.Event(tick: tick, message: message))
        if message == .endOfTrack {
          isWhole = true
          break
        }
      } catch let error as DataError {
        throw error
      } catch {
        isWhole = false
        position = start
        break
      }
    }
    if !isWhole { remarks.append("track \(number) is cut short at byte \(position)") }
    if events.last?.message != .endOfTrack {
      events.append(MIDIFile.Event(tick: tick, message: .endOfTrack))
    }
    return events
  }

  /// Seven bits a byte, the highest first; the eighth is set on all but the last of at most four.
  private mutating func variableLength() throws -> Int {
    var value = 0
    for _ in 0..<4 {
      let next = try byte()
      value = value << 7 | Int(next & 0x7f)
      if next < 0x80 { return value }
    }
    throw wrong("a number of at most four bytes", "a longer one", at: position - 4)
  }

  private mutating func message(_ running: inout UInt8?) throws -> MIDIMessage {
    let start = position
    let first = try byte()
    switch first {
    case 0xff:
      let kind = try byte()
      let content = try blob()
      // The end of a track holds nothing; what stands in it all the same is no other event.
      return kind == 0x2f ? .endOfTrack : .meta(kind: kind, bytes: content)
    case 0xf0, 0xf7: return .exclusive(start: first, bytes: try blob())
    case 0xf1...0xfe:
      throw wrong("an event", "the status 0x\(String(first, radix: 16)), which files do not have", at: start)
    case 0x80...0xef:
      running = first
      return try channelMessage(first, try dataByte())
    default:
      guard let status = running else {
        throw wrong("a status", "the data byte \(first) with no status before", at: start)
      }
      return try channelMessage(status, first)
    }
  }

  private mutating func channelMessage(_ status: UInt8, _ first: UInt8) throws -> MIDIMessage {
    let channel = status & 0x0f
    switch status >> 4 {
    case 0x8: return .noteOff(channel: channel, pitch: first, velocity: try dataByte())
    case 0x9: return .noteOn(channel: channel, pitch: first, velocity: try dataByte())
    case 0xa: return .keyPressure(channel: channel, pitch: first, pressure: try dataByte())
    case 0xb: return .control(channel: channel, number: first, value: try dataByte())
    case 0xc: return .program(channel: channel, number: first)
    case 0xd: return .channelPressure(channel: channel, pressure: first)
    default: return .pitchBend(channel: channel, value: UInt16(first) | UInt16(try dataByte()) << 7)
    }
  }

  private mutating func dataByte() throws -> UInt8 {
    let value = try byte()
    guard value < 0x80 else { throw wrong("a data byte below 128", "\(value)", at: position - 1) }
    return value
  }

  private mutating func blob() throws -> [UInt8] {
    let count = try variableLength()
    guard count <= end - position else { throw CutShort() }
    position += count
    return Array(bytes[(position - count)..<position])
  }
}
