/// A Standard MIDI File: tracks of events, each at a tick.
public struct MIDIFile: Sendable, Equatable {
  /// How tracks stand to each other.
  public enum Format: Int, Sendable {
    /// One track.
    case single = 0
    /// Tracks that sound together.
    case simultaneous = 1
    /// Tracks that are pieces of their own.
    case sequential = 2
  }

  /// What a tick is.
  public enum Division: Sendable, Equatable {
    /// A part of a quarter note, whose length the tempo gives.
    case ticksPerQuarter(Int)
    /// A part of a frame of film or video; tempo has no meaning then. 29 stands for 30,000/1,001 frames a second.
    case timeCode(framesPerSecond: Int, ticksPerFrame: Int)
  }

  /// A message at a time, in ticks from the start of its track.
  public struct Event: Sendable, Equatable {
    public var tick: Int
    public var message: MIDIMessage

    public init(tick: Int, message: MIDIMessage) {
      self.tick = tick
      self.message = message
    }
  }

  public var format: Format
  public var division: Division
  /// The events of each track in order of time; the last is the end of the track.
  public var tracks: [[Event]]
  /// What a person should know about how it was read.
  public var remarks: [String] = []

  public init(
    format: Format = .simultaneous, division: Division = .ticksPerQuarter(480), tracks: [[Event]] = []
  ) {
    self.format = format
    self.division = division
    self.tracks = tracks
  }
}

/// What an event of a MIDI file says. Channels are 0 to 15, pitches 0 to 127 with middle C at 60.
public enum MIDIMessage: Sendable, Equatable {
  case noteOff(channel: UInt8, pitch: UInt8, velocity: UInt8)
  /// Velocity 0 ends a note as well.
  case noteOn(channel: UInt8, pitch: UInt8, velocity: UInt8)
  case keyPressure(channel: UInt8, pitch: UInt8, pressure: UInt8)
  case control(channel: UInt8, number: UInt8, value: UInt8)
  case program(channel: UInt8, number: UInt8)
  case channelPressure(channel: UInt8, pressure: UInt8)
  /// 0 to 16,383; 8,192 is no bend.
  case pitchBend(channel: UInt8, value: UInt16)
  /// Bytes of a maker's own, as they stand behind their length. `start` is 0xF0, or 0xF7 for what goes on or escapes.
  case exclusive(start: UInt8, bytes: [UInt8])
  /// Text, names, lyrics and whatever else stands behind 0xFF.
  case meta(kind: UInt8, bytes: [UInt8])

  /// Microseconds a quarter note.
  public static func tempo(_ microseconds: Int) -> MIDIMessage {
    .meta(kind: 0x51, bytes: [16, 8, 0].map { UInt8(truncatingIfNeeded: microseconds >> $0) })
  }

  /// Beats a bar, and the note that is a beat as a power of two.
  public static func timeSignature(_ beats: UInt8, power: UInt8) -> MIDIMessage {
    .meta(kind: 0x58, bytes: [beats, power, 24, 8])
  }

  public static func trackName(_ name: String) -> MIDIMessage { .meta(kind: 3, bytes: Array(name.utf8)) }

  public static let endOfTrack = MIDIMessage.meta(kind: 0x2f, bytes: [])

  /// Microseconds a quarter note, when it sets them: above 0.
  public var tempo: Int? {
    guard case .meta(0x51, let bytes) = self, bytes.count >= 3 else { return nil }
    let value = bytes.prefix(3).reduce(0) { $0 << 8 | Int($1) }
    return value > 0 ? value : nil
  }
}
