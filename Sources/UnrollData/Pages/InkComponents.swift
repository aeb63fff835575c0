/// The connected parts of a page's ink: pixels that touch at a side or a corner.
struct InkComponents {
  /// Pixels of a row that stand side by side, and the component that they belong to.
  struct Run {
    let y: Int32
    let start: Int32
    let end: Int32
    var component: Int32
  }

  struct Component {
    var left = Int.max
    var top = Int.max
    var right = 0
    var bottom = 0
    /// Pixels of ink.
    var area = 0
    /// Where the component's runs stand in `order`.
    var runs = 0..<0

    var width: Int { right - left }
    var height: Int { bottom - top }
    var middleX: Double { Double(left + right) / 2 }
    var middleY: Double { Double(top + bottom) / 2 }
  }

  private(set) var runs: [Run] = []
  private(set) var components: [Component] = []
  /// The runs' places, those of each component together.
  private(set) var order: [Int32] = []

  init(_ map: InkMap) {
    var parents: [Int32] = []
    func root(_ label: Int32) -> Int32 {
      var label = label
      while parents[Int(label)] != label {
        parents[Int(label)] = parents[Int(parents[Int(label)])]
        label = parents[Int(label)]
      }
      return label
    }
    var above = 0..<0
    for y in 0..<map.height {
      let first = runs.count
      var x = 0
      let row = y * map.width
      var candidate = above.lowerBound
      while x < map.width {
        guard map.ink[row + x] == 1 else {
          x += 1
          continue
        }
        let start = x
        while x < map.width, map.ink[row + x] == 1 { x += 1 }
        let label = Int32(parents.count)
        parents.append(label)
        // Runs of the row above that touch this one, also at corners.
        while candidate < above.upperBound, Int(runs[candidate].end) < start { candidate += 1 }
        var touching = candidate
        while touching < above.upperBound, Int(runs[touching].start) <= x {
          let (a, b) = (root(label), root(runs[touching].component))
          if a != b { parents[Int(max(a, b))] = min(a, b) }
          touching += 1
        }
        runs.append(Run(y: Int32(y), start: Int32(start), end: Int32(x), component: label))
      }
      above = first..<runs.count
    }
    number(root)
  }

  /// Gives components their final numbers, and sorts the runs by them.
  private mutating func number(_ root: (Int32) -> Int32) {
    var numbers = [Int32](repeating: -1, count: runs.count)
    for index in runs.indices {
      let label = root(runs[index].component)
      if numbers[Int(label)] < 0 {
        numbers[Int(label)] = Int32(components.count)
        components.append(Component())
      }
      let component = Int(numbers[Int(label)])
      runs[index].component = Int32(component)
      let run = runs[index]
      components[component].left = min(components[component].left, Int(run.start))
      components[component].right = max(components[component].right, Int(run.end))
      components[component].top = min(components[component].top, Int(run.y))
      components[component].bottom = max(components[component].bottom, Int(run.y) + 1)
      components[component].area += Int(run.end - run.start)
    }
    var counts = [Int](repeating: 0, count: components.count + 1)
    for run in runs { counts[Int(run.component) + 1] += 1 }
    for index in components.indices {
      counts[index + 1] += counts[index]
      components[index].runs = counts[index]..<counts[index + 1]
    }
    order = [Int32](repeating: 0, count: runs.count)
    for (index, run) in runs.enumerated() {
      order[counts[Int(run.component)]] = Int32(index)
      counts[Int(run.component)] += 1
    }
  }

  /// The runs of a component, from its top.
  func runs(of component: Int) -> some Sequence<Run> {
    components[component].runs.lazy.map { runs[Int(order[$0])] }
  }
}
