/// The name that was probably meant: the candidate with the smallest edit distance, if it is small enough.
///
/// Letter case costs nothing. Insertions, deletions, substitutions and swaps of neighbours cost one each
/// (optimal string alignment; Damerau 1964). At most a third of the longer name may differ, rounded up; a
/// name that starts a single candidate stands for it. Equal distances are decided by the candidates' order.
package func nearest(_ name: String, in names: some Sequence<String>) -> String? {
  // Nobody mistypes a name this long, and the distance takes quadratic time.
  let longest = 64
  let wanted = Array(name.lowercased().unicodeScalars.prefix(longest + 1))
  guard !wanted.isEmpty, wanted.count <= longest else { return nil }
  var best: (name: String, distance: Int)?
  var started: [String] = []
  for candidate in names {
    let letters = Array(candidate.lowercased().unicodeScalars.prefix(longest + 1))
    guard !letters.isEmpty, letters.count <= longest else { continue }
    if letters.starts(with: wanted) { started.append(candidate) }
    let distance = editDistance(wanted, letters)
    let allowed = (max(wanted.count, letters.count) + 2) / 3
    guard distance <= allowed, distance < max(wanted.count, letters.count) else { continue }
    if best == nil || distance < best!.distance { best = (candidate, distance) }
  }
  return best?.name ?? (started.count == 1 ? started[0] : nil)
}

/// The number of insertions, deletions, substitutions and swaps of neighbours between two texts.
package func editDistance<Element: Equatable>(_ a: [Element], _ b: [Element]) -> Int {
  if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
  var beforeLast = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  var current = last
  for i in 1...a.count {
    current[0] = i
    for j in 1...b.count {
      let change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
      current[j] = min(change, last[j] + 1, current[j - 1] + 1)
      if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
        current[j] = min(current[j], beforeLast[j - 2] + 1)
      }
    }
    (beforeLast, last, current) = (last, current, beforeLast)
  }
  return last[b.count]
}
