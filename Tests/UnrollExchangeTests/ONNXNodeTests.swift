import Foundation
import Testing
import UnrollCore
import UnrollExchange

/// The node cases of the `onnx` package, from a folder that `scripts/check-onnx-nodes` writes.
@Suite struct ONNXNodeTests {
  private static let folder = ProcessInfo.processInfo.environment["UNROLL_ONNX_NODES"]
  private static let report = ProcessInfo.processInfo.environment["UNROLL_ONNX_REPORT"]

  enum Result: Equatable {
    case right
    case refused(String)
    case wrong(String)

    var words: (String, String) {
      switch self {
      case .right: ("right", "")
      case .refused(let message): ("refused", message)
      case .wrong(let message): ("wrong", message)
      }
    }
  }

  /// Each is computed right or refused by name.
  @Test(.enabled(if: folder != nil, "UNROLL_ONNX_NODES names no folder of cases")) func everyNodeCase() throws
  {
    let folder = try #require(Self.folder)
    var lines: [String] = []
    for group in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
      for name in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(group)").sorted() {
        let result = Self.run("\(folder)/\(group)/\(name)")
        let (word, message) = result.words
        lines.append([group, name, word, message.replacing("\n", with: " ")].joined(separator: "\t"))
        if word == "wrong" { Issue.record("\(group)/\(name): \(message)") }
      }
    }
    #expect(!lines.isEmpty)
    if let report = Self.report {
      try lines.joined(separator: "\n").write(toFile: report, atomically: true, encoding: .utf8)
    }
  }

  private static func tensors(_ folder: String, _ what: String) throws -> [ONNXTensor?] {
    var result: [ONNXTensor?] = []
    while let bytes = FileManager.default.contents(atPath: "\(folder)/\(what)_\(result.count).pb") {
      let wire = try WireTensor(serializedBytes: bytes)
      result.append(bytes.isEmpty ? nil : try ONNXTensor(wire, file: folder, place: what))
    }
    return result
  }

  private static func run(_ folder: String) -> Result {
    do {
      let model = try ONNXModel(contentsOf: "\(folder)/model.onnx")
      let inputs = try tensors(folder, "input")
      var values: [String: ONNXTensor] = [:]
      for (port, value) in zip(model.inputs, inputs) { values[port.name] = value }
      let found = try model.run(values)
      let numbers = try String(contentsOfFile: "\(folder)/tolerance", encoding: .utf8).split(
        whereSeparator: \.isWhitespace)
      let (relative, absolute) = (Float(numbers[0]) ?? 0, Float(numbers[1]) ?? 0)
      for (port, expected) in zip(model.outputs, try tensors(folder, "output")) {
        guard let expected else { return .refused(": expected an array, found another value") }
        guard let value = found[port.name] else { return .wrong("no \(port.name)") }
        guard value.type == expected.type, value.shape == expected.shape else {
          return .wrong("\(port.name) is \(value.type)\(value.shape), not \(expected.type)\(expected.shape)")
        }
        if let difference = difference(value, expected, relative, absolute) {
          return .wrong("\(port.name)\(difference)")
        }
      }
      return .right
    } catch let error as ExchangeError {
      return .refused("\(error)".replacing("\(folder)/model.onnx", with: ""))
    } catch {
      return .wrong("\(error)")
    }
  }

  private static func difference(
    _ found: ONNXTensor, _ expected: ONNXTensor, _ relative: Float, _ absolute: Float
  ) -> String? {
    if let a = found.integers, let b = expected.integers {
      return a.indices.first { a[$0] != b[$0] }.map { "[\($0)] is \(a[$0]), not \(b[$0])" }
    }
    let (a, b) = (found.tensor.elements, expected.tensor.elements)
    // What is computed in 16 bits step by step, and here rounded at each node's end alone, may be two units off; and
    // nothing is nearer to 0 than a sum of the largest numbers there are can be.
    let unit: Float =
      switch expected.type {
      case .bfloat16: 0x1p-6
      case .float16: 0x1p-9
      default: 0
      }
    let top = b.filter(\.isFinite).reduce(0) { max($0, abs($1)) }
    let place = a.indices.first { index in
      let (x, y) = (a[index], b[index])
      let tolerance = max(absolute + relative * abs(y), unit * abs(y), 0x1p-22 * top)
      return !(x == y || x.isNaN && y.isNaN || abs(x - y) <= tolerance)
    }
    return place.map { "[\($0)] is \(a[$0]), not \(b[$0])" }
  }
}
