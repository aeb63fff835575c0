import Foundation
import Testing
import UnrollData

@Suite struct PianoRollTests {
  private func file(_ text: String, lowest: Int = 0) throws(DataError) -> PianoRollFile {
    try PianoRollFile(Array(text.utf8), name: "a.json", lowest: lowest)
  }

  @Test func piecesStepsAndPitches() throws {
    let both = try file(#"{"train": [[[60,64],[],[-1,62,62]],[]], "test": [[[1]]]}"#)
    #expect(both.parts.map(\.name) == ["train", "test"])
    #expect(both["train"].map(\.steps) == [[[60, 64], [], [-1, 62, 62]], []])
    #expect(both["train"][0].pitches(2) == [62])
    #expect(try file("[[[60]],[[61]]]")["all"].count == 2)
    #expect(try file("[[],[60],[61]]")["all"].map(\.steps) == [[[], [60], [61]]])
    #expect(try file("[[[0,87]]]", lowest: 21)["all"][0].steps == [[21, 108]])
    #expect(try PianoRollFile(both.json, name: "b.json") == both)
  }

  @Test(arguments: [
    "1", "[1]", "[[1],2]", "[[[128]]]", "[[[1.5]]]", "[[[-2]]]", "[[[[1]]]]", "[[1],[[2]]]", "[[[1]],[2]]",
    "{\"a\":3}", "{\"a\":[],\"a\":[]}", "[[[\"a\"]]]", "[[[1]]", "[[[1]]] 2",
  ]) func whatIsNoPianoRoll(_ text: String) {
    #expect { try file(text) } throws: { ($0 as? DataError)?.kind == .badJSON }
  }

  @Test func notesBecomeStepsAndBack() throws {
    let notes = [
      MIDINote(pitch: 60, start: 0, end: 480), MIDINote(pitch: 64, start: 240, end: 720),
      MIDINote(pitch: 67, start: 500, end: 510), MIDINote(channel: 9, pitch: 35, start: 0, end: 960),
    ]
    let roll = try PianoRoll(MIDIFile(notes: notes), stepsPerQuarter: 2)
    // A note shorter than a step keeps its step; drums are left out.
    #expect(roll.steps == [[60], [60, 64], [64, 67]])
    #expect(
      roll.notes(ticksPerStep: 240).map { [$0.start, $0.end, Int($0.pitch)] } == [
        [0, 480, 60], [240, 720, 64], [480, 720, 67],
      ])
    #expect(roll.notes(ticksPerStep: 240, joins: false).count == 5)
    let again = try PianoRoll(MIDIFile(notes: roll.notes(ticksPerStep: 240)), stepsPerQuarter: 2)
    #expect(again == roll)
    #expect(try PianoRoll(MIDIFile(notes: []), stepsPerQuarter: 4).steps.isEmpty)
    let film = MIDIFile(division: .timeCode(framesPerSecond: 25, ticksPerFrame: 40))
    #expect { try PianoRoll(film, stepsPerQuarter: 4) } throws: { ($0 as? DataError)?.kind == .badMusic }
    let long = MIDIFile(notes: [MIDINote(pitch: 1, start: 0, end: 1 << 50)])
    for steps in [1, 1 << 20, 1 << 40] {
      #expect { try PianoRoll(long, stepsPerQuarter: steps) } throws: {
        ($0 as? DataError)?.kind == .tooLarge
      }
    }
    let thick = MIDIFile(notes: (0..<127).map { MIDINote(pitch: UInt8($0), start: 0, end: 1 << 28) })
    #expect { try PianoRoll(thick, stepsPerQuarter: 1) } throws: { ($0 as? DataError)?.kind == .tooLarge }
  }
}

/// The chorales of Bach in three forms, where they are at hand.
@Suite(.enabled("needs shared/data/jsb_chorales beside the package", { SharedChorales.folder != nil }))
struct ChoraleTests {
  @Test func threeFormsOfTheChorales() throws {
    let folder = try #require(SharedChorales.folder)
    let keys = try PianoRollFile(path: folder.appending(path: "JSB_Chorales_88.json.gz").path, lowest: 21)
    #expect(["train", "valid", "test"].map { keys[$0].count } == [229, 76, 77])
    #expect(
      ["train", "valid", "test"].map { keys[$0].reduce(0) { $0 + $1.steps.count } } == [13807, 4602, 4725])
    let quarters = try PianoRollFile(path: folder.appending(path: "jsb-chorales-quarter.json.gz").path)
    #expect(["train", "valid", "test"].map { quarters[$0].count } == [229, 76, 77])
    let voices = try PianoRollFile(path: folder.appending(path: "Jsb16thSeparated.json.gz").path)
    #expect(["train", "valid", "test"].map { voices[$0].count } == [229, 76, 77])
    #expect(voices["train"].allSatisfy { $0.steps.allSatisfy { $0.count == 4 } })
    // Written as MIDI and read again, a chorale is the same.
    let roll = quarters["test"][0]
    let file = MIDIFile(notes: roll.notes(ticksPerStep: 480, joins: false))
    let again = try PianoRoll(midi(file.bytes), stepsPerQuarter: 1)
    #expect(again.steps == roll.steps.map { Set($0).sorted() })
  }
}

enum SharedChorales {
  static var folder: URL? {
    var root = URL(filePath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return ["../shared/data/jsb_chorales", "../../shared/data/jsb_chorales"]
      .map { root.appending(path: $0) }
      .first { FileManager.default.fileExists(atPath: $0.appending(path: "JSB_Chorales_88.json.gz").path) }
  }
}
