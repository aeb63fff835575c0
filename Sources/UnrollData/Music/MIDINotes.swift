/// A note: what sounds from one tick to another.
public struct MIDINote: Sendable, Equatable {
  public var track: Int
  public var channel: UInt8
  public var pitch: UInt8
  public var velocity: UInt8
  public var start: Int
  /// The tick at which it no longer sounds; not before `start`.
  public var end: Int

  public init(track: Int = 0, channel: UInt8 = 0, pitch: UInt8, velocity: UInt8 = 80, start: Int, end: Int) {
    self.track = track
    self.channel = channel
    self.pitch = pitch
    self.velocity = velocity
    self.start = start
    self.end = end
  }
}

extension MIDIFile {
  /// The notes of all tracks, by start, then track, then pitch.
  ///
  /// A note on ends with the next note off (or note on of velocity 0) of its track, channel and pitch. Where a pitch
  /// sounds twice at once, the first to start is the first to end. What never ends, ends with its track, and what ends
  /// without having started is passed over; both are counted.
  public func notes() -> (notes: [MIDINote], unended: Int, unstarted: Int) {
    var notes: [MIDINote] = []
    var (unended, unstarted) = (0, 0)
    for (track, events) in tracks.enumerated() {
      // Places in `notes` by channel and pitch, and how many of them have ended.
      var open: [Int: (places: [Int], ended: Int)] = [:]
      for event in events {
        switch event.message {
        case .noteOn(let channel, let pitch, let velocity) where velocity > 0:
          open[Int(channel) << 8 | Int(pitch), default: ([], 0)].places.append(notes.count)
          notes.append(
            MIDINote(
              track: track, channel: channel, pitch: pitch, velocity: velocity, start: event.tick,
              end: event.tick))
        case .noteOn(let channel, let pitch, _), .noteOff(let channel, let pitch, _):
          let key = Int(channel) << 8 | Int(pitch)
          guard let (places, ended) = open[key], ended < places.count else {
            unstarted += 1
            continue
          }
          notes[places[ended]].end = event.tick
          if ended + 1 == places.count { open[key] = nil } else { open[key]?.ended += 1 }
        default: break
        }
      }
      let last = events.last?.tick ?? 0
      for (places, ended) in open.values {
        for place in places[ended...] {
          notes[place].end = last
          unended += 1
        }
      }
    }
    notes.sort { ($0.start, $0.track, $0.pitch, $0.end) < ($1.start, $1.track, $1.pitch, $1.end) }
    return (notes, unended, unstarted)
  }

  /// A file of notes at one tempo. Notes of a track stand in a track of their own, behind one for the tempo.
  ///
  /// - Parameter beatsPerMinute: Quarter notes a minute.
  public init(
    notes: [MIDINote], beatsPerMinute: Double = 120, ticksPerQuarter: Int = 480, programs: [Int: UInt8] = [:]
  ) {
    self.init(format: .simultaneous, division: .ticksPerQuarter(ticksPerQuarter))
    let tempo = min(max(1, (60e6 / max(beatsPerMinute, 1e-3)).rounded()), 0xff_ffff)
    tracks.append([Event(tick: 0, message: .tempo(Int(tempo))), Event(tick: 0, message: .endOfTrack)])
    let numbers = Set(notes.map(\.track)).sorted()
    for number in numbers {
      let own = notes.filter { $0.track == number }
      // At one tick, what ends comes before what starts; a note of no length ends behind its start.
      var events: [(order: (Int, Int, Int), event: Event)] = []
      if let program = programs[number], let channel = own.first?.channel {
        events.append(((0, -1, 0), Event(tick: 0, message: .program(channel: channel, number: program))))
      }
      for note in own {
        let start = max(0, note.start)
        let end = max(start, note.end)
        let on = MIDIMessage.noteOn(channel: note.channel, pitch: note.pitch, velocity: max(1, note.velocity))
        let off = MIDIMessage.noteOff(channel: note.channel, pitch: note.pitch, velocity: 64)
        events.append(((start, 1, events.count), Event(tick: start, message: on)))
        events.append(((end, end > start ? 0 : 2, events.count), Event(tick: end, message: off)))
      }
      events.sort { $0.order < $1.order }
      let end = events.last?.event.tick ?? 0
      tracks.append(events.map(\.event) + [Event(tick: end, message: .endOfTrack)])
    }
  }
}

extension MIDIFile {
  /// The same with every tick multiplied, in a division that fits.
  package func scaled(by factor: Int, division: Division) -> MIDIFile {
    var copy = self
    copy.division = division
    for track in copy.tracks.indices {
      for event in copy.tracks[track].indices {
        let (tick, overflow) = tracks[track][event].tick.multipliedReportingOverflow(by: factor)
        copy.tracks[track][event].tick = overflow ? .max : tick
      }
    }
    return copy
  }

  /// One of the tracks alone.
  package func keeping(track: Int) -> MIDIFile {
    MIDIFile(format: .single, division: division, tracks: [tracks[track]])
  }
}

/// When ticks are, in seconds.
public struct TempoMap: Sendable {
  private struct Piece {
    let tick: Int
    let seconds: Double
    let secondsPerTick: Double
  }
  private let pieces: [Piece]

  /// The tempo of a file: the changes in all tracks that sound together, or in one of those that do not.
  ///
  /// - Parameter track: Of a sequential file, the track.
  public init(_ file: MIDIFile, track: Int = 0) {
    let quarter: Double
    switch file.division {
    case .ticksPerQuarter(let ticks): quarter = Double(ticks)
    case .timeCode(let frames, let ticks):
      let rate = frames == 29 ? 30000 / 1001 : Double(frames)
      pieces = [Piece(tick: 0, seconds: 0, secondsPerTick: 1 / (rate * Double(ticks)))]
      return
    }
    let tracks =
      file.format == .sequential
      ? (file.tracks.indices.contains(track) ? [file.tracks[track]] : []) : file.tracks
    var changes: [(tick: Int, order: Int, tempo: Int)] = []
    for events in tracks {
      for event in events {
        if let tempo = event.message.tempo { changes.append((event.tick, changes.count, tempo)) }
      }
    }
    // Of two at one tick, that of the later track holds.
    changes.sort { ($0.tick, $0.order) < ($1.tick, $1.order) }
    // Without one, 120 quarter notes a minute.
    var result = [Piece(tick: 0, seconds: 0, secondsPerTick: 0.5 / quarter)]
    for change in changes {
      let last = result[result.count - 1]
      let seconds = last.seconds + Double(change.tick - last.tick) * last.secondsPerTick
      if change.tick == last.tick { result.removeLast() }
      result.append(
        Piece(tick: change.tick, seconds: seconds, secondsPerTick: Double(change.tempo) / 1e6 / quarter))
    }
    pieces = result
  }

  /// The time of a tick.
  public func seconds(_ tick: Int) -> Double {
    var (low, high) = (0, pieces.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if pieces[middle].tick <= tick { low = middle } else { high = middle }
    }
    return pieces[low].seconds + Double(tick - pieces[low].tick) * pieces[low].secondsPerTick
  }
}

extension MIDIFile {
  /// Seconds to the last event of tracks that sound together; of a sequential file, of all tracks one after the other.
  public var duration: Double {
    if format == .sequential {
      return tracks.indices.reduce(0) { $0 + TempoMap(self, track: $1).seconds(tracks[$1].last?.tick ?? 0) }
    }
    return TempoMap(self).seconds(tracks.map { $0.last?.tick ?? 0 }.max() ?? 0)
  }
}
