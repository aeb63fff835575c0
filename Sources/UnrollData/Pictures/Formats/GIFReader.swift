/// Reads GIF (87a and 89a) frame by frame: what each leaves on the canvas, with the disposal of the one before, its
/// transparent colour, its own palette and interlacing.
struct GIFReader {
  private var source: PictureBytes
  private let limits: PictureLimits
  private var palette: [UInt8] = []
  private var canvas: Picture?
  private var (screenWidth, screenHeight) = (0, 0)
  private var control = Control()
  /// What is to be done with the last frame before the next is drawn.
  private var pending: (disposal: Int, area: Picture.Rectangle, before: Picture?)?
  private var pixelsDrawn = 0

  /// What an extension says of the frame behind it.
  private struct Control {
    var disposal = 0
    var transparent: Int?
    /// Hundredths of a second.
    var delay = 0
  }

  /// A frame, as the canvas shows it: of four channels.
  struct Frame {
    let picture: Picture
    /// How long it is shown, in hundredths of a second.
    let delay: Int
  }

  init(_ bytes: [UInt8], name: String, limits: PictureLimits) throws(DataError) {
    source = PictureBytes(bytes, name: name, what: "GIF picture")
    self.limits = limits
    try source.skip(6)
    (screenWidth, screenHeight) = (try source.little16(), try source.little16())
    let flags = try source.byte()
    try source.skip(2)
    if flags & 0x80 != 0 { palette = try readPalette(flags) }
  }

  /// The next frame; `nil` at the end.
  mutating func next() throws(DataError) -> Frame? {
    while true {
      // Many files lack their end, and are shown everywhere.
      guard source.remaining > 0 else {
        guard canvas != nil else { throw source.cut() }
        return nil
      }
      switch try source.byte() {
      case 0x3B:
        guard canvas != nil else { throw source.damaged("no frame") }
        return nil
      case 0x21: try readExtension()
      case 0x2C: return try readFrame()
      // Blocks that are none are passed over, byte by byte.
      default: continue
      }
    }
  }

  private mutating func readPalette(_ flags: Int) throws(DataError) -> [UInt8] {
    let start = source.position
    try source.skip(3 << (flags & 7 + 1))
    return Array(source.bytes[start..<source.position])
  }

  private mutating func readExtension() throws(DataError) {
    let label = try source.byte()
    var isFirst = true
    while true {
      let size = try source.byte()
      guard size > 0 else { return }
      try source.need(size)
      if label == 0xF9, isFirst, size >= 4 {
        let flags = Int(source.bytes[source.position])
        control.disposal = flags >> 2 & 7
        control.transparent = flags & 1 == 1 ? Int(source.bytes[source.position + 3]) : nil
        control.delay = Int(UInt16(littleEndian: source.bytes, at: source.position + 1))
      }
      isFirst = false
      try source.skip(size)
    }
  }

  private mutating func readFrame() throws(DataError) -> Frame {
    let (left, top) = (try source.little16(), try source.little16())
    let (width, height) = (try source.little16(), try source.little16())
    let flags = try source.byte()
    let own = flags & 0x80 != 0 ? try readPalette(flags) : nil
    let codeSize = try source.byte()
    let area = Picture.Rectangle(x: left, y: top, width: width, height: height)
    if canvas == nil {
      // The first frame may be larger than the screen, which then grows.
      (screenWidth, screenHeight) = (max(screenWidth, left + width), max(screenHeight, top + height))
      try limits.check(width: screenWidth, height: screenHeight, name: source.name)
      // A byte of data gives at most about 2,800 pixels; more is passed over only by small frames on large screens.
      guard screenWidth * screenHeight <= max(1 << 22, source.remaining * 4096) else { throw source.cut() }
      canvas = Picture(width: screenWidth, height: screenHeight, color: [0, 0, 0, 0])
    }
    pixelsDrawn += screenWidth * screenHeight
    guard pixelsDrawn <= limits.pixels else {
      throw DataError(
        .tooLarge, file: source.name, expected: "frames of at most \(limits.pixels) pixels together",
        found: "more")
    }
    let indices = try unpack(count: width * height, codeSize: codeSize)
    dispose()
    guard var canvas else { throw source.damaged("no frame") }
    pending = (control.disposal, area, control.disposal == 3 ? canvas : nil)
    self.canvas = nil
    draw(indices, area, palette: own ?? palette, isInterlaced: flags & 0x40 != 0, on: &canvas)
    self.canvas = canvas
    let delay = control.delay
    control = Control()
    return Frame(picture: canvas, delay: delay)
  }

  /// Does with the last frame what it asked for.
  private mutating func dispose() {
    guard let (disposal, area, before) = pending, canvas != nil else { return }
    pending = nil
    if disposal == 3, let before { canvas = before }
    guard disposal == 2 else { return }
    for y in area.y..<min(screenHeight, area.bottom) {
      let (start, end) = (min(screenWidth, area.x), min(screenWidth, area.right))
      for index in ((y * screenWidth + start) * 4)..<((y * screenWidth + end) * 4) {
        canvas?.pixels[index] = 0
      }
    }
  }

  /// The data of a frame, which lies in blocks of up to 255 bytes.
  private mutating func unpack(count: Int, codeSize: Int) throws(DataError) -> [UInt8] {
    guard (1...11).contains(codeSize) else { throw source.damaged("codes of \(codeSize) bits") }
    var packed: [UInt8] = []
    while true {
      guard source.remaining > 0 else { break }
      let size = try source.byte()
      guard size > 0 else { break }
      let start = source.position
      source.position = min(source.bytes.count, start + size)
      packed += source.bytes[start..<source.position]
    }
    guard count > 0 else { return [] }
    guard count <= packed.count * 4096 else { throw source.cut() }
    switch GIFCodes.unpack(packed, count: count, codeSize: codeSize) {
    case .success(let indices): return indices
    case .failure(.truncated): throw source.cut()
    case .failure(.invalid): throw source.damaged("a code that stands for nothing")
    }
  }

  /// The rows of an interlaced frame, in the order in which they are stored.
  private static func order(_ height: Int, isInterlaced: Bool) -> [Int] {
    guard isInterlaced else { return Array(0..<height) }
    return [(0, 8), (4, 8), (2, 4), (1, 2)].flatMap { Array(stride(from: $0.0, to: height, by: $0.1)) }
  }

  private func draw(
    _ indices: [UInt8], _ area: Picture.Rectangle, palette: [UInt8], isInterlaced: Bool,
    on canvas: inout Picture
  ) {
    // Without any palette numbers are grey; places that a palette lacks are black.
    let colors =
      palette.isEmpty
      ? (0..<768).map { UInt8($0 / 3) } : palette + [UInt8](repeating: 0, count: 768 - palette.count)
    for (stored, row) in Self.order(area.height, isInterlaced: isInterlaced).enumerated() {
      let y = area.y + row
      guard y < screenHeight else { continue }
      for x in 0..<min(area.width, max(0, screenWidth - area.x)) {
        let index = Int(indices[stored * area.width + x])
        let place = (y * screenWidth + area.x + x) * 4
        if index == control.transparent, canvas.pixels[place + 3] != 0 { continue }
        canvas.pixels[place] = colors[3 * index]
        canvas.pixels[place + 1] = colors[3 * index + 1]
        canvas.pixels[place + 2] = colors[3 * index + 2]
        canvas.pixels[place + 3] = index == control.transparent ? 0 : 255
      }
    }
  }
}

/// The codes of GIF: LZW (Welch 1984) of up to 12 bits.
enum GIFCodes {
  enum Fault: Error { case truncated, invalid }

  /// Unpacks `count` bytes.
  static func unpack(_ packed: [UInt8], count: Int, codeSize: Int) -> Result<[UInt8], Fault> {
    let clear = 1 << codeSize
    var output: [UInt8] = []
    output.reserveCapacity(min(count, packed.count * 8))
    // A code's text is a place and a length in the output: the text of the code before it, and one byte more.
    var starts = [Int32](repeating: 0, count: 4096)
    var lengths = [Int32](repeating: 0, count: 4096)
    var next = clear + 2
    var width = codeSize + 1
    var last: (start: Int, length: Int)?
    var (bits, bitCount, position) = (UInt32(0), 0, 0)
    while output.count < count {
      while bitCount < width {
        guard position < packed.count else { return .failure(.truncated) }
        bits |= UInt32(packed[position]) << UInt32(bitCount)
        position += 1
        bitCount += 8
      }
      let code = Int(bits & (1 << UInt32(width) - 1))
      bits >>= UInt32(width)
      bitCount -= width
      if code == clear {
        (next, width, last) = (clear + 2, codeSize + 1, nil)
        continue
      }
      if code == clear + 1 { return .failure(.truncated) }
      let start = output.count
      if code < clear {
        // More bits than eight may be stated, and may not be used.
        guard code < 256 else { return .failure(.invalid) }
        output.append(UInt8(code))
      } else if code < next {
        let from = Int(starts[code])
        for offset in 0..<Int(lengths[code]) { output.append(output[from + offset]) }
      } else if code == next, next < 4096, let last {
        for offset in 0..<last.length { output.append(output[last.start + offset]) }
        output.append(output[last.start])
      } else {
        return .failure(.invalid)
      }
      if let last, next < 4096 {
        // The text before lies right before this one, so both together are the new code's.
        starts[next] = Int32(last.start)
        lengths[next] = Int32(last.length + 1)
        next += 1
        if next == 1 << width, width < 12 { width += 1 }
      }
      last = (start, output.count - start)
    }
    output.removeLast(output.count - count)
    return .success(output)
  }
}
