import Testing
import UnrollCore
import UnrollExchange

/// Recurrent nodes against the cases of the standard and against equations in double precision.
@Suite struct ONNXRecurrentTests {
  static let standard = ONNXCase.all("onnx_standard")
  static let recurrent = ONNXCase.all("onnx_recurrent")

  @Test func theFilesAreThere() {
    // Six cases each of RNN, GRU and LSTM; the others cross attributes with direction.
    #expect(Self.standard.count == 18)
    #expect(Self.recurrent.count == 96)
  }

  /// 1e-5: single precision, a few steps.
  @Test(arguments: standard) func standardCase(_ example: ONNXCase) throws {
    let model = try ONNXModel(example.model, file: example.name)
    let found = try model.run(example.values(for: model))
    for (name, expected) in example.outputs { expectClose(found[name]?.tensor, expected, 1e-5, name) }
  }

  @Test(arguments: recurrent, [false, true])
  func attributes(_ example: ONNXCase, definition: Bool) throws {
    let wire = try WireModel(checking: example.model, file: example.name)
    let model = try ONNXModel(wire, file: example.name, budget: 0, definition: definition)
    let found = try model.run(example.values(for: model))
    for (name, expected) in example.outputs { expectClose(found[name]?.tensor, expected, 1e-5, name) }
  }
}
