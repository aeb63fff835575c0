extension Picture {
  /// The picture as a PNG file, 8 bits a channel. Reading it gives the same bytes.
  public func png() -> [UInt8] {
    var file = PNGReader.signature
    func add(_ type: String, _ body: [UInt8]) {
      func big(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
      }
      let chunk = Array(type.utf8) + body
      file += big(UInt32(body.count)) + chunk + big(CRC32.of(chunk))
    }
    var header: [UInt8] = []
    for value in [width, height] {
      for shift in [24, 16, 8, 0] { header.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
    // The color types of 1 to 4 channels.
    add("IHDR", header + [8, [0, 4, 2, 6][channels - 1], 0, 0, 0])
    add("IDAT", Zlib.pack(filteredRows()))
    add("IEND", [])
    return file
  }

  /// The rows, each with the filter whose differences are the smallest: what the standard advises.
  private func filteredRows() -> [UInt8] {
    let size = width * channels
    var rows: [UInt8] = []
    rows.reserveCapacity((size + 1) * height)
    var candidates = [[UInt8]](repeating: [UInt8](repeating: 0, count: size), count: 5)
    for y in 0..<height {
      let start = y * size
      var best = (filter: 0, sum: Int.max)
      for filter in 0..<5 {
        var sum = 0
        for index in 0..<size {
          let left = index >= channels ? pixels[start + index - channels] : 0
          let up = y > 0 ? pixels[start + index - size] : 0
          let corner = index >= channels && y > 0 ? pixels[start + index - size - channels] : 0
          let foretold: UInt8 =
            switch filter {
            case 1: left
            case 2: up
            case 3: UInt8((Int(left) + Int(up)) / 2)
            case 4: PNGFilter.paeth(left, up, corner)
            default: 0
            }
          let difference = pixels[start + index] &- foretold
          candidates[filter][index] = difference
          sum += Int(Int8(bitPattern: difference).magnitude)
        }
        if sum < best.sum { best = (filter, sum) }
      }
      rows.append(UInt8(best.filter))
      rows += candidates[best.filter]
    }
    return rows
  }
}
