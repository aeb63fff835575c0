import UnrollCore

/// Where a window stands on the axes of an array behind batch and channels: sizes, steps, gaps and what lies around.
///
///     output extent = ⌊(extent + before + after − dilation·(size − 1) − 1)/stride⌋ + 1
///
/// Three axes are always there; those that are missing have an extent and a window of one and stand in front.
struct WindowGeometry: Sendable {
  /// What the attributes of a node say, before an array is there.
  struct Settings: Sendable {
    var sizes: [Int]?
    var strides: [Int]?
    var dilations: [Int]?
    var pads: [Int]?
    var automatic: String
    var roundsUp = false

    init(_ node: inout NodeReader) throws(ExchangeError) {
      sizes = try node.integers("kernel_shape")
      strides = try node.integers("strides")
      dilations = try node.integers("dilations")
      pads = try node.integers("pads")
      automatic = try node.string("auto_pad") ?? "NOTSET"
      guard ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"].contains(automatic) else {
        throw node.refused("padding that is known", "\"\(automatic)\"")
      }
      guard automatic == "NOTSET" || pads?.allSatisfy({ $0 == 0 }) ?? true else {
        throw node.refused("padding given or chosen", "both", .damaged)
      }
    }
  }

  static let axes = 3
  let extents: [Int]
  let sizes: [Int]
  let strides: [Int]
  let dilations: [Int]
  let before: [Int]
  let after: [Int]
  let outputs: [Int]
  /// The axes that are really there.
  let rank: Int

  var positions: Int { outputs.reduce(1, *) }
  var windowCount: Int { sizes.reduce(1, *) }
  var elementCount: Int { extents.reduce(1, *) }
  /// The extents of the results on the axes that are really there.
  var outputExtents: [Int] { Array(outputs.suffix(rank)) }

  /// - Parameter extents: those of the axes behind batch and channels.
  init(
    _ settings: Settings, extents given: [Int], sizes window: [Int], _ place: NodePlace
  ) throws(ExchangeError) {
    rank = given.count
    guard (1...Self.axes).contains(rank), window.count == rank, settings.sizes ?? window == window else {
      throw place.refused("windows over 1 to \(Self.axes) axes", "axes \(given), window \(window)")
    }
    let filling = Self.axes - rank
    func all(_ values: [Int]?, _ name: String) throws(ExchangeError) -> [Int] {
      let values = values ?? Array(repeating: 1, count: given.count)
      guard values.count == given.count, values.allSatisfy({ (1...1 << 30).contains($0) }) else {
        throw place.refused("\(given.count) \(name) above 0", "\(values.prefix(9))", .damaged)
      }
      return Array(repeating: 1, count: filling) + values
    }
    extents = Array(repeating: 1, count: filling) + given
    (sizes, strides) = (try all(window, "sizes"), try all(settings.strides, "strides"))
    dilations = try all(settings.dilations, "dilations")
    let pads = settings.pads ?? Array(repeating: 0, count: 2 * rank)
    guard pads.count == 2 * rank, pads.allSatisfy({ (0...1 << 30).contains($0) }) else {
      throw place.refused("\(2 * rank) paddings of at least 0", "\(pads.prefix(9))", .damaged)
    }
    var (before, after, outputs): ([Int], [Int], [Int]) = ([], [], [])
    for axis in 0..<Self.axes {
      let reach = dilations[axis].multipliedReportingOverflow(by: sizes[axis] - 1)
      guard !reach.overflow, reach.partialValue < 1 << 40 else {
        throw place.refused("a window that an array can hold", "\(window)")
      }
      let span = reach.partialValue + 1
      let (extent, stride) = (extents[axis], strides[axis])
      if settings.automatic.hasPrefix("SAME") {
        let count = (extent + stride - 1) / stride
        let total = max(0, (count - 1) * stride + span - extent)
        let first = settings.automatic == "SAME_UPPER" ? total / 2 : (total + 1) / 2
        before.append(first)
        after.append(total - first)
        outputs.append(count)
        continue
      }
      let isReal = axis >= filling && settings.automatic == "NOTSET"
      let (first, last) = isReal ? (pads[axis - filling], pads[rank + axis - filling]) : (0, 0)
      let room = extent + first + last - span
      guard room >= 0 else {
        throw place.refused("room for a window of \(window)", "extents \(given) with padding \(pads)")
      }
      var count = room / stride + 1
      if settings.roundsUp, room % stride != 0 {
        // A window that begins behind the array and its padding before is left out.
        if count * stride < extent + first { count += 1 }
      }
      before.append(first)
      after.append(last)
      outputs.append(count)
    }
    (self.before, self.after, self.outputs) = (before, after, outputs)
    guard [extents, sizes, outputs].allSatisfy({ CheckedShape.make($0) != nil }) else {
      throw place.refused(
        "windows and arrays of at most \(CheckedShape.maximumElements) elements", "\(given)")
    }
  }

  /// The indices on an axis that a window reads at one of its places: `nil` in the padding.
  func index(_ axis: Int, output: Int, offset: Int) -> Int? {
    let index = output * strides[axis] - before[axis] + offset * dilations[axis]
    return index >= 0 && index < extents[axis] ? index : nil
  }

  /// The rows of outputs along the last axis.
  var rowCount: Int { outputs[0] * outputs[1] }

  /// Calls `body` for each run of outputs along the last axis that read within the array at one offset of the window.
  ///
  /// - Parameters:
  ///   - rows: the rows of outputs that are meant; `nil`: all.
  ///   - body: the offset's number, the first output, the first element that is read, how many there are. The elements
  ///     stand as far apart as the stride of the last axis.
  func forEachRun(
    rows: Range<Int>? = nil, _ body: (_ offset: Int, _ output: Int, _ element: Int, _ count: Int) -> Void
  ) {
    for offset in 0..<windowCount {
      forEachRun(offset, rows ?? 0..<rowCount) { body(offset, $0, $1, $2) }
    }
  }

  private func forEachRun(
    _ offset: Int, _ rows: Range<Int>, _ body: (_ output: Int, _ element: Int, _ count: Int) -> Void
  ) {
    let offsets = [offset / (sizes[1] * sizes[2]), offset / sizes[2] % sizes[1], offset % sizes[2]]
    // Outputs of the last axis that read within the array.
    let shift = offsets[2] * dilations[2] - before[2]
    let first = shift >= 0 ? 0 : (-shift + strides[2] - 1) / strides[2]
    let room = extents[2] - 1 - shift
    let last = room < 0 ? -1 : min(outputs[2] - 1, room / strides[2])
    guard first <= last else { return }
    for row in rows {
      guard let a = index(0, output: row / outputs[1], offset: offsets[0]),
        let b = index(1, output: row % outputs[1], offset: offsets[1])
      else { continue }
      let element = (a * extents[1] + b) * extents[2] + first * strides[2] + shift
      body(row * outputs[2] + first, element, last - first + 1)
    }
  }
}
