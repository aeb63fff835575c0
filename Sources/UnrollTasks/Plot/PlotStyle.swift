/// The look shared by all plots: dark ink on white, the colours of Okabe & Ito (2008), which colour-blind readers
/// tell apart and which differ in lightness, so that they survive a grey printer together with the dashes.
enum PlotStyle {
  static let ink = "#222222"
  static let faintInk = "#5A5A5A"
  static let axis = "#8C8C8C"
  static let grid = "#E4E4E4"
  static let paper = "#FFFFFF"
  static let forecast = "#0072B2"
  static let actual = "#D55E00"
  static let series = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
  /// Dash patterns for the lines of one plot, in turn; the first is solid.
  static let dashes: [String?] = [nil, "7 3", "2 2.5", "9 3 2 3"]

  static let fonts = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
  static let titleSize = 16.0
  static let panelTitleSize = 12.5
  static let labelSize = 12.0
  static let tickSize = 11.0

  /// About how wide a text is in the fonts above: enough to leave room, not to set type.
  static func width(of text: String, size: Double) -> Double {
    text.reduce(0) { $0 + ("iljtf.,:;'|!()[] ".contains($1) ? 0.36 : $1.isUppercase ? 0.72 : 0.58) } * size
  }

  /// The text, cut with an ellipsis so that it takes no more than a width.
  static func shortened(_ text: String, to limit: Double, size: Double) -> String {
    guard width(of: text, size: size) > limit else { return text }
    var kept = text
    while !kept.isEmpty, width(of: kept + "…", size: size) > limit { kept.removeLast() }
    return kept + "…"
  }
}
