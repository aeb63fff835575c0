import Testing

import UnrollData

/// Normalization form C, held against Python's `unicodedata`: the hashes are those of `scripts/goldens/canonical`.
@Suite struct CanonicalCompositionTests {
  private func scalars(_ text: String) -> [UInt32] { text.unicodeScalars.map(\.value) }

  /// FNV-1a of 64 bits.
  private struct Hash {
    var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ text: String) {
      for byte in CanonicalComposition.normalized(text).utf8 {
        value = (value ^ UInt64(byte)) &* 0x100_0000_01B3
      }
      value = (value ^ 10) &* 0x100_0000_01B3
    }
  }

  @Test func everyScalarIsComposedAsThere() {
    var hash = Hash()
    for value in UInt32(0)..<0x30000 {
      guard let scalar = Unicode.Scalar(value), scalar.properties.generalCategory != .unassigned,
        let age = scalar.properties.age, age.major <= 14
      else { continue }
      for text in ["\(scalar)", "a\(scalar)\u{301}", "\u{1100}\(scalar)"] { hash.add(text) }
    }
    #expect(hash.value == 0x0674_17CC_E9DD_0CBB)
  }

  @Test func marksInAnyOrderBecomeTheSame() {
    let marks: [UInt32] = [
      0x301, 0x302, 0x323, 0x327, 0x308, 0x30A, 0x5B0, 0x5BC, 0x93C, 0x3099, 0x1161, 0x11A8, 0x338,
    ]
    let bases: [UInt32] = [
      0x61, 0x6F, 0x55, 0x3B1, 0x415, 0x915, 0x304B, 0x1100, 0xAC00, 0x5D0, 0x1D157, 0x2208,
    ]
    var state: UInt64 = 11
    func below(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(limit))
    }
    var hash = Hash()
    for _ in 0..<20_000 {
      var text = String.UnicodeScalarView()
      for _ in 0..<(below(6) + 1) {
        let list = below(3) == 0 ? bases : marks
        if let scalar = Unicode.Scalar(list[below(list.count)]) { text.append(scalar) }
      }
      hash.add(String(text))
      let found = CanonicalComposition.normalized(String(text))
      #expect(scalars(CanonicalComposition.normalized(found)) == scalars(found))
    }
    #expect(hash.value == 0x71C5_E75E_1545_A231)
  }

  @Test func whatIsInOrderIsNotTouched() {
    let texts = ["", "plain", "Größe", "naïve", "河流经过磨坊", "강은 각각", "👨‍👩‍👧", "नदी", "النهر"]
    for text in texts { #expect(scalars(CanonicalComposition.normalized(text)) == scalars(text)) }
    for var text in texts.prefix(7) { #expect(text.withUTF8 { CanonicalComposition.isNormal($0) }) }
    let marks = String(repeating: "e\u{301}\u{323}", count: 10_000)
    #expect(scalars(CanonicalComposition.normalized(marks)).count == 20_000)
  }
}
