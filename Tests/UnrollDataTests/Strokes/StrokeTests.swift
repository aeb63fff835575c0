import Foundation
import Testing
import UnrollCore
import UnrollData

@Suite struct StrokeTests {
  private func file(_ text: String) throws(DataError) -> DrawingFile {
    try DrawingFile(Array(text.utf8), name: "a.json")
  }

  private func why(_ text: String) -> String {
    do throws(DataError) {
      _ = try file(text)
      return "read"
    } catch { return error.description }
  }

  private func step(_ dx: Float, _ dy: Float, _ lifts: Bool = false) -> PenDrawing.Step {
    PenDrawing.Step(dx: dx, dy: dy, lifts: lifts)
  }

  private func golden(_ name: String) throws -> [UInt8] {
    let url = try #require(Bundle.module.url(forResource: "Goldens", withExtension: nil))
    return Array(try Data(contentsOf: url.appending(path: "strokes/\(name)")))
  }

  @Test func strokeThreeInJSON() throws {
    let both = try file(#"{"train": [[[0,0,0],[1.5,-2,1]], []], "test": [[[3,4,1]]]}"#)
    #expect(both.parts.map(\.name) == ["train", "test"])
    #expect(both["train"].map(\.steps) == [[step(0, 0), step(1.5, -2, true)], []])
    #expect(both["test"][0].steps == [step(3, 4, true)])
    #expect(both["none"].isEmpty)
    // A list of drawings, and one drawing.
    #expect(try file("[[[1,2,0]],[[3,4,1]]]")["all"].count == 2)
    #expect(try file("[[1,2,0],[3,4,1]]")["all"].map(\.steps) == [[step(1, 2), step(3, 4, true)]])
    #expect(try file("[]")["all"].isEmpty)
    let again = try DrawingFile(both.json, name: "b.json")
    #expect(again.parts.map(\.name) == both.parts.map(\.name))
    #expect(again["train"] == both["train"] && again["test"] == both["test"])
    // Packed by gzip.
    try withFile(Array("[[[1,2,0]]]".utf8)) { path in
      _ = try ExternalTool("gzip").run(arguments: ["-k", path], outputLimit: 0, timeLimit: .seconds(9))
      defer { try? FileManager.default.removeItem(atPath: "\(path).gz") }
      #expect(try DrawingFile(path: "\(path).gz")["all"].count == 1)
    }
  }

  @Test func whatIsNoDrawingIsNamed() {
    #expect(
      why("[[[1,2,2]]]") == "a.json, line 1: expected a step as [dx, dy, pen], where pen is 0 or 1, "
        + "found [1.0, 2.0, 2.0] in drawing 1, step 1")
    #expect(why("[[[1,2,0]],\n[[1,2]]]").contains("line 2: expected a step as [dx, dy, pen]"))
    #expect(why("[[[1,2,0,4]]]").contains("drawings as lists of [dx, dy, pen]"))
    #expect(why("[[[1,2,0]],[3,4,1]]").contains("a number elsewhere"))
    #expect(why("[1,2,0]").contains("a number elsewhere"))
    #expect(why("[[[[1]]]]").contains("a list within one"))
    #expect(why("[[[1e300,0,0]]]").contains("steps of at most 10⁹"))
    #expect(why("[[[\"a\"]]]").contains("another value"))
    #expect(why("{\"a\":1}").contains("a list of drawings"))
    #expect(why("{\"a\":[],\"a\":[]}").contains("found twice"))
    #expect(why("7").contains("lists of drawings"))
  }

  @Test func drawingsOfSketchRNN() throws {
    let expected = (0..<3).map { index in
      (0..<(index + 2)).map { step(Float(3 * $0 - index), Float(250 - $0), $0 == index + 1) }
    }
    let new = try DrawingFile(try golden("drawings.npz"), name: "a.npz")
    #expect(new.parts.map(\.name) == ["train", "valid", "test"])
    #expect(new["train"].map(\.steps) == expected)
    #expect(new["valid"].map(\.steps) == [expected[0]])
    #expect(new["test"].map(\.steps) == Array(expected[..<2]))
    #expect(new.remarks == ["the array \"mean\" holds no drawings and was passed over"])
    let old = try DrawingFile(try golden("old.npz"), name: "a.npz")
    #expect(old["train"].map(\.steps) == expected && old["valid"].map(\.steps) == expected)
    #expect { try DrawingFile(try golden("arrays.npz"), name: "a.npz") } throws: {
      [.badStrokes, .badArray].contains(($0 as? DataError)?.kind)
    }
  }

  @Test func arraysOfEveryType() throws {
    let archive = try NumPyArchive(try golden("arrays.npz"), name: "a.npz")
    func numbers(_ name: String) throws -> [Float] {
      guard case .numbers(let numbers)? = try archive.array(name)?.content else { return [] }
      return numbers
    }
    #expect(archive.names.count == 11)
    #expect(try numbers("i1") == [-128, 127] && numbers("u2") == [0, 65535])
    #expect(try numbers("i8") == [-5, Float(1 << 40)] && numbers("bool") == [1, 0])
    #expect(try numbers("f8") == [1.25, -2, 3, 4] && archive.array("f8")?.shape == [2, 2])
    let half = try numbers("f2")
    #expect(half[0] == 1.5 && abs(half[1] + 0.0001) < 1e-7 && half[2] == 65504 && half[3] == 0x1p-24)
    #expect(try numbers("scalar") == [7] && archive.array("scalar")?.shape == [])
    #expect(try numbers("empty").isEmpty && archive.array("empty")?.shape == [0, 3])
    #expect(
      try numbers("columns") == (0..<24).map { Float($0) } && archive.array("columns")?.shape == [2, 3, 4])
    #expect(try archive.array("none") == nil)
    for name in ["complex", "pairs"] {
      #expect { try archive.array(name) } throws: { ($0 as? DataError)?.kind == .badArray }
    }
  }

  @Test func arraysThatLieAreRefused() throws {
    func array(_ header: String, _ data: [UInt8]) throws(DataError) -> NumPyArray {
      try NumPyArray.read(
        [0x93] + Array("NUMPY".utf8) + [1, 0] + bytes(UInt64(header.utf8.count), 2) + Array(header.utf8)
          + data,
        name: "a.npy")
    }
    func header(_ type: String, _ shape: String) -> String {
      "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }\n"
    }
    #expect(try array(header("<i2", "(2,)"), [1, 0, 2, 0]).content == .numbers([1, 2]))
    for shape in [
      "(3,)", "(1099511627776, 1099511627776)", "(-1,)", "(9223372036854775807,)", "(99999999,)", "(",
    ] {
      #expect { try array(header("<i2", shape), [1, 0, 2, 0]) } throws: {
        ($0 as? DataError)?.kind == .badArray
      }
    }
    for type in ["<i3", "U4", "<c8", "", "<f16", "V2", "<i999999999999999999999"] {
      #expect { try array(header(type, "(1,)"), [1, 0, 2, 0]) } throws: {
        ($0 as? DataError)?.kind == .badArray
      }
    }
    // A pickle that would call something, and others that would grow or go deep.
    let hostile: [[UInt8]] = [
      Array("\u{80}".unicodeScalars.map { UInt8($0.value) }) + [2] + Array("cos\nsystem\n(X".utf8) + [
        2, 0, 0, 0, 0x6c, 0x73,
      ]
        + [0x85, 0x52, 0x2e],
      [0x80, 2] + [UInt8](repeating: 0x29, count: 200_000) + [0x2e],
      [0x80, 2, 0x29] + [UInt8](repeating: 0x85, count: 200_000) + [0x2e],
      [0x80, 2] + [UInt8](repeating: 0x28, count: 200_000) + [0x2e],
      [0x80, 2, 0x5d, 0x71, 0, 0x68, 0, 0x61, 0x2e], [0x80, 2, 0x2e], [0x80, 9, 0x4e, 0x2e], [],
    ]
    for pickle in hostile {
      #expect { try array(header("|O", "(1,)"), pickle) } throws: { ($0 as? DataError)?.kind == .badArray }
    }
  }

  @Test func damageNeverTraps() throws {
    var random = RandomSource(seed: 12)
    let archive = try ZipArchive(try golden("old.npz"), name: "a.npz")
    let pickle = try archive.contents(of: try #require(archive.entry("train.npy")), limit: 1 << 20)
    let ink = Array(
      "<ink><annotation type=\"truth\">x</annotation><trace>1 2, '3 -4,\"1\"1</trace><trace>!5 6</trace></ink>"
        .utf8)
    let json = Array("{\"train\": [[[0,0,0],[1.5,-2,1]], []], \"test\": [[[3,4,1]]]}".utf8)
    var read = 0
    for round in 0..<6000 {
      var bytes = [pickle, ink, json][round % 3]
      for _ in 0...random.below(3) {
        let place = random.below(bytes.count)
        switch random.below(4) {
        case 0: bytes[place] = UInt8(random.below(256))
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(bytes[random.below(bytes.count)], at: place)
        default: bytes[place] = bytes[random.below(bytes.count)]
        }
      }
      do throws(DataError) {
        if round % 3 == 0 {
          _ = try NumPyArray.read(bytes, name: "a.npy")
        } else {
          let drawings = try DrawingFile(bytes, name: "a").parts.flatMap(\.drawings)
          #expect(drawings.allSatisfy { $0.steps.allSatisfy { $0.dx.isFinite && $0.dy.isFinite } })
        }
        read += 1
      } catch { #expect([.badArray, .badStrokes, .badXML, .badJSON, .notText].contains(error.kind)) }
    }
    #expect(read > 300 && read < 5900)
  }

  @Test func ink() throws {
    let text = """
      <?xml version="1.0"?>
      <ink xmlns="http://www.w3.org/2003/InkML">
      <annotation type="truth"> a &lt; b </annotation>
      <traceFormat><channel name="F" type="integer"/><channel name="X"/><channel name="Y"/></traceFormat>
      <traceGroup><trace id="1">9 1 2,
      9 '3 '-4, 1 1 1 , 0 "1"-1, 7'2'2,</trace><annotation type="inner">no</annotation>
      <trace>* 5 6</trace><trace> </trace></traceGroup>
      </ink>
      """
    let drawing = try file(text)["all"][0]
    #expect(drawing.labels == ["truth": "a < b"])
    // Differences, then differences of differences: (1,2), +(3,−4), +(1,1), speed +(1,−1) more, +(2,2); the first point
    // is the origin.
    let expected: [[(Float, Float)]] = [[(0, 0), (3, -4), (4, -3), (6, -3), (8, -1)], [(4, 4)]]
    #expect(drawing.lines == expected.map { $0.map { PenDrawing.Point(x: $0.0, y: $0.1) } })
    #expect(why("<ink><trace>1 2 3</trace></ink>").contains("2 numbers for each point"))
    #expect(why("<ink><trace>1 a</trace></ink>").contains("2 numbers for each point"))
    #expect(why("<svg></svg>").contains("InkML, whose root is \"ink\""))
    #expect(
      why("<ink><traceFormat><channel name='Z'/></traceFormat><trace>1</trace></ink>").contains(
        "the channels X and Y"))
    #expect(try file("<ink/>")["all"][0].steps.isEmpty)
  }

  @Test func linesAndStepsAreTheSame() {
    let lines: [[PenDrawing.Point]] = [
      [.init(x: 1, y: 2), .init(x: 4, y: -2)], [.init(x: 0, y: 0)], [.init(x: 7, y: 7), .init(x: 8, y: 8)],
    ]
    let drawing = PenDrawing(lines: lines, fromOrigin: true)
    #expect(drawing.lines == lines)
    #expect(drawing.steps.filter(\.lifts).count == 3)
    #expect(PenDrawing(lines: lines).steps[0] == step(0, 0))
    #expect(drawing.bounds?.low == .init(x: 0, y: -2) && drawing.bounds?.high == .init(x: 8, y: 8))
    #expect(drawing.scaled(by: 2).lines[0][1] == .init(x: 8, y: -4))
    #expect(PenDrawing(steps: []).bounds == nil && PenDrawing(steps: []).lines.isEmpty)
    let scale = PenDrawing.scale([PenDrawing(steps: [step(3, -1), step(1, 5)])])
    #expect(abs(scale - Float(5).squareRoot()) < 1e-6)
    #expect(PenDrawing.scale([]) == 1 && PenDrawing.scale([PenDrawing(steps: [step(2, 2)])]) == 1)
  }

  @Test func pointsOnALineAreLeftOut() {
    let line: [PenDrawing.Point] = [(0, 0), (1, 0.1), (2, -0.1), (3, 0), (3, 4), (3.1, 5), (3, 9)].map {
      .init(x: $0.0, y: $0.1)
    }
    let found = PenDrawing(lines: [line], fromOrigin: true).simplified(tolerance: 0.5)
    #expect(found.lines == [[line[0], line[3], line[6]]])
    #expect(PenDrawing(lines: [line]).simplified(tolerance: 0).lines[0].count == 7)
    #expect(PenDrawing(lines: [[line[0]]]).simplified(tolerance: 1).lines[0].count == 1)
  }

  @Test func picturesInSVG() throws {
    let drawing = PenDrawing(
      lines: [[.init(x: 0, y: 0), .init(x: 10, y: 5)], [.init(x: 5, y: 5)]], fromOrigin: true)
    let svg = drawing.svg(size: 100)
    #expect(svg.contains("<path d=\"M5 27.5L95 72.5\"/>"))
    #expect(svg.contains("<path d=\"M50 72.5L50 72.5\"/>"))
    let many = PenDrawing.svg([drawing, PenDrawing(steps: []), drawing], columns: 2, size: 50)
    #expect(many.contains("width=\"100\" height=\"100\"") && many.contains("M2.5 63.75L47.5 86.25"))
    for text in [svg, many, PenDrawing(steps: []).svg()] {
      let elements = text.split(separator: "<").count { !$0.hasPrefix("/") }
      let ends = text.split(separator: "<").count { $0.hasPrefix("/") || $0.contains("/>") }
      #expect(elements == ends && text.hasSuffix("</g>\n</svg>\n"))
      #expect(elements >= 3)
    }
  }
}
