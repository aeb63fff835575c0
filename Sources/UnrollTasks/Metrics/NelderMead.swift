/// Minimising a function of a few numbers without its gradient.
///
/// Source: Nelder & Mead 1965, "A Simplex Method for Function Minimization", with the usual coefficients:
/// reflection 1, expansion 2, contraction ½, shrinkage ½.
enum NelderMead {
  /// The best point found in at most about `evaluations` calls.
  ///
  /// - Parameters:
  ///   - start: the first corner; the others lie `step` away from it along one axis each.
  ///   - tolerance: the relative difference of the function between the corners at which it ends.
  static func minimise(
    from start: [Double], step: Double, evaluations: Int, tolerance: Double = 1e-6,
    _ function: ([Double]) -> Double
  ) -> (point: [Double], value: Double) {
    var count = 0
    func corner(_ point: [Double]) -> (point: [Double], value: Double) {
      count += 1
      let value = function(point)
      return (point, value.isNaN ? .infinity : value)
    }
    var simplex = [corner(start)]
    for axis in start.indices {
      var point = start
      point[axis] += step
      simplex.append(corner(point))
    }
    let size = start.count
    while count < evaluations && size > 0 {
      simplex.sort { $0.value < $1.value }
      let (best, worst) = (simplex[0], simplex[size])
      if worst.value - best.value <= tolerance * abs(best.value) { break }
      let middle = start.indices.map { axis in
        simplex[..<size].reduce(0) { $0 + $1.point[axis] } / Double(size)
      }
      /// The point at `share` of the way from the worst corner through the middle of the others.
      func beyond(_ share: Double) -> [Double] {
        zip(middle, worst.point).map { $0 + share * ($0 - $1) }
      }
      let reflected = corner(beyond(1))
      if reflected.value < best.value {
        let expanded = corner(beyond(2))
        simplex[size] = expanded.value < reflected.value ? expanded : reflected
      } else if reflected.value < simplex[size - 1].value {
        simplex[size] = reflected
      } else {
        let contracted = corner(beyond(reflected.value < worst.value ? 0.5 : -0.5))
        if contracted.value < min(reflected.value, worst.value) {
          simplex[size] = contracted
        } else {
          for index in 1...size {
            simplex[index] = corner(zip(simplex[index].point, best.point).map { ($0 + $1) / 2 })
          }
        }
      }
    }
    return simplex.min { $0.value < $1.value } ?? (start, .infinity)
  }
}
