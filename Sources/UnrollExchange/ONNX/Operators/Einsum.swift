import UnrollCore

extension Operators {
  /// Sums of products of elements by the letters of their axes: "ij,jk->ik" is a product of matrices.
  ///
  /// Two operands at a time: axes that no later operand and no output asks for are summed away, then the pair is a
  /// product of matrices over the axes that both have.
  static let einsum: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...16)
    guard let equation = try node.string("equation") else {
      throw node.refused("an equation", "none", .damaged)
    }
    let form = try EinsumForm(equation, operands: node.inputs.count, node)
    return { inputs, place throws(ExchangeError) in
      var tensors: [Tensor] = []
      for index in inputs.indices { tensors.append(try inputs.floats(index, place)) }
      return [ONNXTensor(try form.run(tensors, place), type: inputs[0]!.type)]
    }
  }
}

/// The letters of the axes of operands and result; those that "…" stands for are made up when shapes are known.
private struct EinsumForm: Sendable {
  let operands: [[Character]]
  let output: [Character]?
  private static let ellipsis: Character = "…"

  init(_ equation: String, operands count: Int, _ node: NodeReader) throws(ExchangeError) {
    let text = equation.filter { $0 != " " }
    let sides = text.split(separator: "->", omittingEmptySubsequences: false)
    func letters(_ part: Substring) -> [Character] {
      Array(part.split(separator: "...", omittingEmptySubsequences: false).joined(separator: "…"))
    }
    operands = (sides.first ?? "").split(separator: ",", omittingEmptySubsequences: false).map(letters)
    output = sides.count > 1 ? letters(sides[1]) : nil
    let all = operands + [output ?? []]
    guard sides.count <= 2, operands.count == count,
      all.allSatisfy({ axes in
        axes.allSatisfy { $0 == Self.ellipsis || $0.isASCII && $0.isLetter }
          && axes.filter { $0 == Self.ellipsis }.count <= 1
      })
    else { throw node.refused("an equation of \(count) operands", "\"\(equation)\"", .damaged) }
    guard output.map({ Set($0).count == $0.count }) ?? true else {
      throw node.refused("each axis of the result once", "\"\(equation)\"", .damaged)
    }
  }

  /// An array whose axes have names.
  private struct Named {
    var tensor: Tensor
    var axes: [Int]
  }

  func run(_ tensors: [Tensor], _ place: NodePlace) throws(ExchangeError) -> Tensor {
    let (named, output) = try numbered(tensors, place)
    var extents: [Int: Int] = [:]
    for operand in named {
      for (axis, name) in operand.axes.enumerated() {
        let size = operand.tensor.shape[axis]
        let known = extents[name, default: 1]
        guard known == size || known == 1 || size == 1 else {
          throw place.refused("one extent for each letter", "\(known) and \(size)")
        }
        extents[name] = known == 1 ? size : known
      }
    }
    var parts: [Named] = []
    for operand in named { parts.append(try diagonal(operand, extents, place)) }
    var result = parts[0]
    for index in parts.indices {
      let later = Set(parts.dropFirst(index + 1).flatMap(\.axes)).union(output)
      if index > 0 {
        result = try product(result, parts[index], keeping: later, extents, place)
      }
      result = summed(result, keeping: later)
    }
    guard Set(result.axes) == Set(output) else { throw place.refused("letters of the operands", "others") }
    return permuted(result, output).tensor
  }

  /// Names as numbers: letters by their value, axes of "…" from the last on below 0.
  private func numbered(
    _ tensors: [Tensor], _ place: NodePlace
  ) throws(ExchangeError) -> ([Named], [Int]) {
    var named: [Named] = []
    var most = 0
    func names(_ axes: [Character], free: Int) -> [Int] {
      axes.flatMap { $0 == Self.ellipsis ? Array(-free..<0) : [Int($0.asciiValue ?? 0)] }
    }
    for (axes, tensor) in zip(operands, tensors) {
      let letters = axes.filter { $0 != Self.ellipsis }.count
      let free = tensor.shape.rank - letters
      guard free == 0 || free > 0 && axes.contains(Self.ellipsis) else {
        throw place.refused("\(letters) axes", "\(tensor.shape)")
      }
      most = max(most, free)
      named.append(Named(tensor: tensor, axes: names(axes, free: free)))
    }
    if let output { return (named, names(output, free: most)) }
    // Letters that stand once, in alphabetical order, behind those of "…".
    let all = operands.flatMap { $0 }.filter { $0 != Self.ellipsis }
    let once = Set(all.filter { letter in all.filter { $0 == letter }.count == 1 }).compactMap(\.asciiValue)
      .sorted()
    return (named, Array(-most..<0) + once.map { Int($0) })
  }

  /// Axes that stand twice in one operand become one; axes of extent 1 are repeated.
  private func diagonal(
    _ x: Named, _ extents: [Int: Int], _ place: NodePlace
  ) throws(ExchangeError) -> Named {
    let strides = x.tensor.shape.strides
    var (axes, steps): ([Int], [Int]) = ([], [])
    for (index, name) in x.axes.enumerated() {
      let step = x.tensor.shape[index] == 1 ? 0 : strides[index]
      if let known = axes.firstIndex(of: name) {
        steps[known] += step
      } else {
        axes.append(name)
        steps.append(step)
      }
    }
    let shape = try place.shape(axes.map { extents[$0] ?? 1 })
    return Named(tensor: ONNXTensor(x.tensor).strided(steps, shape: shape).tensor, axes: axes)
  }

  private func permuted(_ x: Named, _ order: [Int]) -> Named {
    let places = order.compactMap { x.axes.firstIndex(of: $0) }
    return Named(tensor: Operators.permuted(ONNXTensor(x.tensor), places).tensor, axes: order)
  }

  private func summed(_ x: Named, keeping: Set<Int>) -> Named {
    let kept = x.axes.filter { keeping.contains($0) }
    if kept.count == x.axes.count { return x }
    let turned = permuted(x, kept + x.axes.filter { !keeping.contains($0) }).tensor
    let shape = Shape(kept.compactMap { name in x.axes.firstIndex(of: name).map { x.tensor.shape[$0] } })
    let size = shape.count == 0 ? 0 : turned.shape.count / shape.count
    var sums = Tensor.zeros(shape)
    sums.withUnsafeMutableElements { sums in
      turned.withUnsafeElements { from in
        for row in sums.indices {
          var sum = 0.0
          for index in row * size..<(row + 1) * size { sum += Double(from[index]) }
          sums[row] = Float(sum)
        }
      }
    }
    return Named(tensor: sums, axes: kept)
  }

  private func product(
    _ a: Named, _ b: Named, keeping: Set<Int>, _ extents: [Int: Int], _ place: NodePlace
  ) throws(ExchangeError) -> Named {
    let (x, y) = (
      summed(a, keeping: keeping.union(b.axes)), summed(b, keeping: keeping.union(a.axes))
    )
    let common = x.axes.filter { y.axes.contains($0) }
    let batch = common.filter { keeping.contains($0) }
    let inner = common.filter { !keeping.contains($0) }
    let (left, right) = (x.axes.filter { !common.contains($0) }, y.axes.filter { !common.contains($0) })
    func size(_ axes: [Int]) -> Int { axes.reduce(1) { $0 * (extents[$1] ?? 1) } }
    let (n, m, k, p) = (size(batch), size(left), size(inner), size(right))
    try place.spend(n, m, k, p)
    let axes = batch + left + right
    let shape = try place.shape(axes.map { extents[$0] ?? 1 })
    let u = permuted(x, batch + left + inner).tensor.reshaped(to: [n, m, k])
    let v = permuted(y, batch + inner + right).tensor.reshaped(to: [n, k, p])
    guard shape.count > 0, k > 0 else { return Named(tensor: .zeros(shape), axes: axes) }
    return Named(tensor: try Operators.matmul(u, v, place).reshaped(to: shape), axes: axes)
  }
}
