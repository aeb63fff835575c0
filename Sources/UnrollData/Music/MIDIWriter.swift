extension MIDIFile {
  /// The file's bytes. Statuses are left out where they repeat; each track ends with its end.
  public var bytes: [UInt8] {
    var result = Array("MThd".utf8)
    func append(_ value: Int, _ count: Int, to bytes: inout [UInt8]) {
      for index in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
    append(6, 4, to: &result)
    append(format.rawValue, 2, to: &result)
    append(tracks.count, 2, to: &result)
    switch division {
    case .ticksPerQuarter(let ticks): append(min(max(1, ticks), 0x7fff), 2, to: &result)
    case .timeCode(let frames, let ticks): append((256 - frames) << 8 | ticks & 0xff, 2, to: &result)
    }
    for track in tracks {
      let body = Self.body(track)
      result += "MTrk".utf8
      append(body.count, 4, to: &result)
      result += body
    }
    return result
  }

  private static func body(_ track: [Event]) -> [UInt8] {
    var bytes: [UInt8] = []
    var tick = 0
    var running: UInt8 = 0
    let end = track.map(\.tick).max() ?? 0
    var events = track.filter { $0.message != .endOfTrack }
    events.append(Event(tick: end, message: .endOfTrack))
    for event in events {
      var delta = max(0, event.tick - tick)
      tick += delta
      while delta > longestDelta {
        // A pause beyond what can be written holds texts of no letter.
        append(variable: longestDelta, to: &bytes)
        bytes += [0xff, 1, 0]
        delta -= longestDelta
      }
      append(variable: delta, to: &bytes)
      append(event.message, &running, to: &bytes)
    }
    return bytes
  }

  private static let longestDelta = 0x0fff_ffff

  private static func append(variable value: Int, to bytes: inout [UInt8]) {
    for shift in [21, 14, 7] where value >> shift > 0 {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift) & 0x7f | 0x80)
    }
    bytes.append(UInt8(value & 0x7f))
  }

  private static func append(_ message: MIDIMessage, _ running: inout UInt8, to bytes: inout [UInt8]) {
    func channelMessage(_ kind: UInt8, _ channel: UInt8, _ data: UInt8...) {
      let status = kind << 4 | channel & 0x0f
      if status != running { bytes.append(status) }
      running = status
      bytes += data.map { $0 & 0x7f }
    }
    switch message {
    case .noteOff(let channel, let pitch, let velocity): channelMessage(0x8, channel, pitch, velocity)
    case .noteOn(let channel, let pitch, let velocity): channelMessage(0x9, channel, pitch, velocity)
    case .keyPressure(let channel, let pitch, let pressure): channelMessage(0xa, channel, pitch, pressure)
    case .control(let channel, let number, let value): channelMessage(0xb, channel, number, value)
    case .program(let channel, let number): channelMessage(0xc, channel, number)
    case .channelPressure(let channel, let pressure): channelMessage(0xd, channel, pressure)
    case .pitchBend(let channel, let value):
      channelMessage(
        0xe, channel, UInt8(truncatingIfNeeded: value & 0x7f), UInt8(truncatingIfNeeded: value >> 7))
    case .exclusive(let start, let data):
      running = 0
      bytes.append(start)
      append(variable: min(data.count, longestDelta), to: &bytes)
      bytes += data.prefix(longestDelta)
    case .meta(let kind, let data):
      // Readers differ in whether a status may be left out behind it: it is written.
      running = 0
      bytes += [0xff, kind]
      append(variable: min(data.count, longestDelta), to: &bytes)
      bytes += data.prefix(longestDelta)
    }
  }
}
