import Foundation
import Testing

@testable import UnrollData

/// Normalization form C, with Foundation as the judge.
@Suite struct CanonicalCompositionTests {
  private func scalars(_ text: String) -> [UInt32] { text.unicodeScalars.map(\.value) }

  /// The judge overlooks that U+AC00 and U+11A8 compose, unless they are taken apart first.
  private func judge(_ text: String) -> [UInt32] {
    scalars(text.decomposedStringWithCanonicalMapping.precomposedStringWithCanonicalMapping)
  }

  /// Whether the judge and the tables know a scalar alike.
  private func isOld(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.age.map { $0.major <= 14 } ?? false
  }

  @Test func everyScalarIsComposedAsTheJudgeDoes() {
    var count = 0
    for value in UInt32(0)...0x2FFFF {
      guard let scalar = Unicode.Scalar(value), isOld(scalar) else { continue }
      for text in ["\(scalar)", "a\(scalar)\u{301}", "\u{1100}\(scalar)"] {
        let found = CanonicalComposition.normalized(text)
        if scalars(found) != judge(text) {
          Issue.record("\(scalars(text)) became \(scalars(found))")
        }
        count += 1
      }
      let apart = "\(scalar)".decomposedStringWithCanonicalMapping
      #expect(
        scalars(CanonicalComposition.normalized(apart))
          == scalars("\(scalar)".precomposedStringWithCanonicalMapping))
    }
    #expect(count > 300_000)
  }

  @Test func marksInAnyOrderBecomeTheSame() {
    let marks: [UInt32] = [
      0x301, 0x302, 0x323, 0x327, 0x308, 0x30A, 0x5B0, 0x5BC, 0x93C, 0x3099, 0x1161, 0x11A8, 0x338,
    ]
    let bases: [UInt32] = [
      0x61, 0x6F, 0x55, 0x3B1, 0x415, 0x915, 0x304B, 0x1100, 0xAC00, 0x5D0, 0x1D157, 0x2208,
    ]
    var random = Numbers(state: 11)
    for _ in 0..<20_000 {
      var text = String.UnicodeScalarView()
      for _ in 0...(random.next() % 6) {
        let list = random.next() % 3 == 0 ? bases : marks
        text.append(Unicode.Scalar(list[Int(random.next() % UInt64(list.count))])!)
      }
      let found = CanonicalComposition.normalized(String(text))
      #expect(scalars(found) == judge(String(text)))
      #expect(scalars(CanonicalComposition.normalized(found)) == scalars(found))
    }
  }

  @Test func whatIsInOrderIsNotTouched() {
    let texts = ["", "plain", "Größe", "naïve", "河流经过磨坊", "강은 각각", "👨‍👩‍👧", "नदी", "النهر"]
    for text in texts {
      var text = text
      #expect(text.withUTF8 { CanonicalComposition.isNormal($0) } || text.contains("न") || text.contains("ن"))
      #expect(scalars(CanonicalComposition.normalized(text)) == scalars(text))
    }
    #expect(
      scalars(CanonicalComposition.normalized(String(repeating: "e\u{301}\u{323}", count: 10_000))).count
        == 20_000)
  }
}
