import Testing
import UnrollData

struct ABCNotesTests {
  private static let quarter = ABCTune.ticksPerQuarter

  /// Pitches and lengths in eighths of the notes of a tune, `r` for what begins later than the last ended.
  private static func sounds(_ music: String, key: String = "C", fields: String = "") throws -> [String] {
    let tunes = try ABCTune.read(
      Array("X:1\nT:Test\n\(fields)K:\(key)\n\(music)\n".utf8), name: "test.abc")
    let eighth = Double(quarter) / 2
    return try tunes[0].notes(name: "test.abc").map { note in
      let length = Double(note.end - note.start) / eighth
      return "\(note.pitch)@\(Double(note.start) / eighth)+\(length)"
    }
  }

  private static func pitches(_ music: String, key: String = "C") throws -> [Int] {
    try sounds(music, key: key).map { Int($0.prefix { $0 != "@" }) ?? -1 }
  }

  @Test func readsPitches() throws {
    #expect(try Self.pitches("C, C c c' B,") == [48, 60, 72, 84, 59])
    #expect(try Self.pitches("F C ^F =F _B ^^C", key: "D") == [66, 61, 66, 65, 70, 62])
    #expect(try Self.pitches("F ^F F | F f") == [65, 66, 66, 65, 77])
    #expect(try Self.pitches("B E A", key: "Cm") == [70, 63, 68])
    #expect(try Self.pitches("F C B", key: "Ddor") == [65, 60, 71])
    #expect(try Self.pitches("F B", key: "Amix") == [66, 71])
    #expect(try Self.pitches("B F", key: "Bb major") == [70, 65])
    #expect(try Self.pitches("F C", key: "HP") == [66, 61])
    #expect(try Self.pitches("F[K:G]F") == [65, 66])
  }

  @Test func readsLengths() throws {
    #expect(try Self.sounds("C2 D/ E3/2 F//") == ["60@0.0+2.0", "62@2.0+0.5", "64@2.5+1.5", "65@4.0+0.25"])
    #expect(try Self.sounds("C>D E<F") == ["60@0.0+1.5", "62@1.5+0.5", "64@2.0+0.5", "65@2.5+1.5"])
    #expect(
      try Self.sounds("(3CDE F").map { $0.hasSuffix("+1.0") } == [false, false, false, true])
    #expect(try Self.sounds("(3CDE F").last == "65@2.0+1.0")
    #expect(try Self.sounds("C z2 D", fields: "L:1/4\n") == ["60@0.0+2.0", "62@6.0+2.0"])
    #expect(try Self.sounds("C-C D") == ["60@0.0+2.0", "62@2.0+1.0"])
    #expect(try Self.sounds("[CEG]2 c") == ["60@0.0+2.0", "64@0.0+2.0", "67@0.0+2.0", "72@2.0+1.0"])
    #expect(try Self.sounds("C Z D", fields: "M:3/4\n").last == "62@7.0+1.0")
    #expect(try Self.sounds("C D", fields: "M:2/4\n") == ["60@0.0+0.5", "62@0.5+0.5"])
  }

  @Test func playsRepeats() throws {
    #expect(try Self.pitches("|:C D:|E") == [60, 62, 60, 62, 64])
    #expect(try Self.pitches("C D:|E") == [60, 62, 60, 62, 64])
    #expect(try Self.pitches("|:C|1 D:|2 E|F|]") == [60, 62, 60, 64, 65])
    #expect(try Self.pitches("|:C [1 D :|[2 E ||") == [60, 62, 60, 64])
    #expect(try Self.pitches("|:C::D:|") == [60, 60, 62, 62])
  }

  @Test func passesOverWhatDoesNotSound() throws {
    #expect(try Self.pitches("\"Am\"C {gf}D !trill!E ~F (GA)") == [60, 62, 64, 65, 67, 69])
    #expect(try Self.pitches("C D % a remark\nw: la la\nE\\\nF") == [60, 62, 64, 65])
    #expect(try Self.sounds("V:1\nC D\nV:2\nE,2") == ["60@0.0+1.0", "62@1.0+1.0", "52@0.0+2.0"])
  }

  @Test(arguments: [
    "C\u{7}", "[CE", "\"Am C", "{gf", "^", "C,,,,,,,,,,", "c'''''''''", "C/0", "C0", "(1C", "[K:C", "^^^C",
    "?", "z", ">C",
  ])
  func refuses(_ music: String) {
    #expect(throws: DataError.self) { try Self.sounds(music) }
  }

  @Test func refusesKeys() {
    #expect(throws: DataError.self) { try Self.sounds("C", key: "Q") }
    #expect(throws: DataError.self) { try Self.sounds("C", fields: "L:1/0\n") }
  }

  /// Lines of no sense are refused or read, and never trap.
  @Test func standsNonsense() throws {
    let signs = Array("CDEabc'^_=,/0123456789|:[](){}<>-\"!zZ LKMV\n")
    var state: UInt64 = 1
    for _ in 0..<3000 {
      var text = ""
      for _ in 0..<24 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text.append(signs[Int(state >> 33) % signs.count])
      }
      do { _ = try Self.sounds(text) } catch is DataError {}
    }
  }
}
