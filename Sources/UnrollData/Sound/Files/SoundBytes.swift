/// The bytes of sound, from a file, from memory or from a tool that decodes it, read forwards in bounded memory.
final class SoundBytes {
  /// Where bytes come from.
  enum Supply {
    case source(ByteSource)
    /// A tool, and what it reads, in words.
    case tool(ChildProcess, needed: String)
  }

  /// The file's name, for errors.
  let name: String
  private let supply: Supply
  private(set) var buffer: [UInt8] = []
  /// The place in the buffer from which is read next.
  private(set) var position = 0
  /// The offset in the file at which the buffer starts.
  private var base = 0
  private var isAtEnd = false

  init(_ supply: Supply, name: String) {
    self.supply = supply
    self.name = name
  }

  /// The offset in the file from which is read next.
  var offset: Int { base + position }
  /// How many bytes the buffer holds.
  var available: Int { buffer.count - position }
  /// The size of the file where it is known, and where one can go back in it.
  var size: Int? {
    guard case .source(let source) = supply, source.size > 0 else { return nil }
    return source.size
  }

  /// What a tool that decodes wrote to its standard error.
  var messages: String {
    guard case .tool(let process, _) = supply else { return "" }
    return process.messages
  }

  /// Whether so many bytes are to come, which the buffer holds then.
  func has(_ count: Int) throws(DataError) -> Bool {
    while available < count {
      if isAtEnd { return false }
      if position > 0 {
        buffer.removeFirst(position)
        base += position
        position = 0
      }
      isAtEnd = !(try more())
    }
    return true
  }

  private func more() throws(DataError) -> Bool {
    switch supply {
    case .source(let source): return try source.read(into: &buffer)
    case .tool(let process, let needed):
      do throws(ExternalToolError) { return try process.read(into: &buffer) } catch {
        throw FFmpeg.failure(error, name: name, what: needed)
      }
    }
  }

  /// Goes past bytes that the buffer holds.
  func advance(_ count: Int) { position += count }

  /// Goes past bytes, read or not; false when the file ends before.
  func skip(_ count: Int) throws(DataError) -> Bool {
    if count <= available {
      advance(count)
      return true
    }
    if let size {
      guard count <= size - offset else { return false }
      try seek(offset + count)
      return true
    }
    var left = count
    while left > 0 {
      guard try has(1) else { return false }
      let step = min(left, available)
      advance(step)
      left -= step
    }
    return true
  }

  /// Goes to an offset of a file whose size is known.
  func seek(_ target: Int) throws(DataError) {
    guard case .source(let source) = supply, let size else { return }
    try source.seek(to: target..<max(target, size))
    buffer.removeAll(keepingCapacity: true)
    position = 0
    base = target
    isAtEnd = false
  }

  /// A byte to come, which the buffer must hold.
  func byte(_ index: Int) -> UInt8 { buffer[position + index] }

  /// An unsigned integer of some bytes to come, which the buffer must hold.
  func integer(_ index: Int, bytes: Int, bigEndian: Bool = false) -> UInt64 {
    var result: UInt64 = 0
    for step in 0..<bytes {
      let value = UInt64(byte(index + step))
      result |= value << UInt64(8 * (bigEndian ? bytes - 1 - step : step))
    }
    return result
  }

  /// Bytes to come, which the buffer must hold, as text in ASCII.
  func text(_ index: Int, _ count: Int) -> String {
    String(decoding: buffer[(position + index)..<(position + index + count)], as: UTF8.self)
  }

  /// Whether these bytes come next.
  func starts(with bytes: some Collection<UInt8>) throws(DataError) -> Bool {
    guard try has(bytes.count) else { return false }
    return buffer[position..<(position + bytes.count)].elementsEqual(bytes)
  }

  /// Whether this text comes next.
  func starts(with text: String) throws(DataError) -> Bool { try starts(with: Array(text.utf8)) }
}
