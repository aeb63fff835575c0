import Foundation
import UnrollExchange

/// Parts of ONNX files, for tests that put them together in ways that no exporter does.
extension WireModel {
  /// A graph without nodes, inputs and outputs, of version 20 of the operators.
  package static func empty() -> WireModel {
    var model = WireModel()
    var version = WireOperatorSet()
    version.version = 20
    (model.irVersion, model.opsetImport, model.graph.name) = (9, [version], "g")
    return model
  }
}

extension WireValueInfo {
  /// An input or output of `Float`.
  package init(_ name: String, _ extents: [Int64]) {
    self.init()
    self.name = name
    type.tensorType.elemType = 1
    for extent in extents {
      var dimension = WireDimension()
      dimension.dimValue = extent
      type.tensorType.shape.dim.append(dimension)
    }
  }
}

extension WireNode {
  package init(
    _ type: String, _ inputs: [String], _ outputs: [String], _ attributes: [WireAttribute] = []
  ) {
    self.init()
    (opType, input, output, attribute) = (type, inputs, outputs, attributes)
  }
}

extension WireAttribute {
  package init(_ name: String, _ value: Int64) {
    self.init()
    (self.name, type, i) = (name, 2, value)
  }
}

extension WireTensor {
  /// A constant of `Float` with so many bytes of zeros, which need not fit its extents.
  package init(_ name: String, _ extents: [Int64], bytes: Int) {
    self.init()
    (self.name, dims, dataType) = (name, extents, 1)
    rawData = .init(count: bytes)
  }
}
