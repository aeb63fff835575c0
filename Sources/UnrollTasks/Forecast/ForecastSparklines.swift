extension Forecast {
  /// A line of block characters for each of the first few tracks.
  func sparklines(width: Int) -> String {
    let shown = tracks.prefix(6)
    let names = shown.map { track in
      [
        data.idName == nil ? "" : track.id,
        data.targetNames.count > 1 || data.idName == nil ? track.target : "",
      ]
      .filter { !$0.isEmpty }.joined(separator: " · ")
    }
    let nameWidth = names.map(\.count).max() ?? 0
    var lines = zip(names, shown).map { name, track in
      let series = data.series.first { $0.id == track.id }
      let values = series?.targets[data.targetNames.firstIndex(of: track.target) ?? 0] ?? []
      let past = Array(values.suffix(max(2 * data.season, 2 * horizon, 24)))
      let room = max(10, min(width, 100) - nameWidth - 3)
      return NumberText.padded(name, to: nameWidth) + "  "
        + Sparkline.text(history: past, forecast: track.median, width: room)
    }
    if tracks.count > shown.count { lines.append("and \(tracks.count - shown.count) more") }
    return lines.joined(separator: "\n")
  }
}
