/// Names of time zones that stand behind a time of day.
enum ZoneNames {
  /// Minutes ahead of universal time, or nil for a word that names no zone.
  ///
  /// Names that several countries use for different zones (such as IST) are left out: nobody could say which
  /// is meant.
  static func offset(_ name: String) -> Int? { offsets[name.uppercased()] }

  private static let offsets: [String: Int] = [
    "UTC": 0, "GMT": 0, "UT": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "MEZ": 60, "CEST": 120,
    "MESZ": 120, "EET": 120, "EEST": 180, "MSK": 180, "SAST": 120, "JST": 540, "KST": 540, "HKT": 480,
    "SGT": 480, "AWST": 480, "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
    "AST": -240, "ADT": -180, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360,
    "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600, "BRT": -180, "ART": -180, "CLT": -240,
    "CLST": -180,
  ]
}
