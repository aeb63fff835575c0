import UnrollCore
import UnrollNetworks

extension Module {
  /// Takes the weights of a smaller network of the same kind. Where a table or a matrix has grown, the old part is taken
  /// and the rest keeps its random start; ids of tokens and labels stay in their place.
  mutating func takeOverlap(of other: Self) {
    let old = Dictionary(other.parameters.map { ($0.name, $0.value) }) { first, _ in first }
    forEachParameter("") { name, parameter in
      guard let source = old[name] else { return }
      parameter.value = source.shape == parameter.value.shape ? source : parameter.value.overlaid(by: source)
    }
  }
}

extension Tensor {
  /// These elements with those of another tensor in the places that both have.
  fileprivate func overlaid(by other: Tensor) -> Tensor {
    let (own, others) = (shape.extents, other.shape.extents)
    guard own.count == others.count else { return self }
    let common = zip(own, others).map { min($0, $1) }
    guard let row = common.last, common.allSatisfy({ $0 > 0 }) else { return self }
    var result = elements
    let source = other.elements
    var place = [Int](repeating: 0, count: common.count - 1)
    func offset(_ extents: [Int]) -> Int {
      var offset = 0
      for (axis, index) in place.enumerated() { offset = offset * extents[axis] + index }
      return offset * extents[extents.count - 1]
    }
    repeat {
      let (to, from) = (offset(own), offset(others))
      result.replaceSubrange(to..<to + row, with: source[from..<from + row])
    } while Self.advance(&place, within: common)
    return Tensor(result, shape: shape)
  }

  private static func advance(_ place: inout [Int], within extents: [Int]) -> Bool {
    for axis in place.indices.reversed() {
      place[axis] += 1
      if place[axis] < extents[axis] { return true }
      place[axis] = 0
    }
    return false
  }
}
