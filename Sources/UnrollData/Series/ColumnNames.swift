/// What the names of columns suggest.
enum ColumnNames {
  private static let timeWords: Set<String> = [
    "date", "datetime", "time", "timestamp", "ds", "dt", "ts", "day", "week", "month", "quarter", "year",
    "period", "t", "step", "index", "hour", "when", "yyyymm", "yearmonth", "yyyymmdd", "unix", "epoch",
    "dates",
    "datum", "zeit", "zeitpunkt", "zeitstempel", "jahr", "monat", "woche", "tag", "quartal", "fecha", "hora",
    "mes", "año", "data", "mois", "année", "jour", "semaine", "anno", "mese", "giorno", "ano",
  ]
  private static let dateWords: Set<String> = [
    "date", "datetime", "timestamp", "ds", "dt", "day", "dates", "datum", "fecha", "zeitstempel",
  ]
  private static let idWords: Set<String> = [
    "id", "ids", "uid", "series", "store", "shop", "item", "sku", "product", "symbol", "ticker", "key",
    "entity", "region", "country", "group", "name", "sensor", "station", "customer", "dept", "department",
    "location", "city", "state", "category", "family", "meter", "device", "filiale", "artikel", "kunde",
  ]

  static func suggestTime(_ name: String) -> Bool { words(name).contains { timeWords.contains($0) } }
  /// Whether a name speaks of days, so that its numbers may be days of a spreadsheet.
  static func suggestDate(_ name: String) -> Bool { words(name).contains { dateWords.contains($0) } }
  static func suggestID(_ name: String) -> Bool { words(name).contains { idWords.contains($0) } }

  /// Columns that number the rows, such as those that data frames write.
  static func areRowNumbers(_ name: String) -> Bool {
    let lower = name.lowercased()
    return ["id", "index", "row", "rownames", "no", "no.", "nr", "nr.", "#"].contains(lower)
      || lower.hasPrefix("unnamed:")
  }

  /// The words of a name: `unique_id`, `Order Date`, `orderDate`.
  private static func words(_ name: String) -> [String] {
    var words: [String] = [""]
    var wasLower = false
    for character in name.prefix(200) {
      if !character.isLetter {
        words.append("")
      } else {
        if character.isUppercase, wasLower { words.append("") }
        words[words.count - 1] += character.lowercased()
      }
      wasLower = character.isLowercase
    }
    return words
  }
}

/// A part of a time that has a column of its own.
enum TimePart: String, Sendable, CaseIterable {
  case date, year, half, quarter, month, week, dayOfYear, day, clock, hour, minute, second

  private static let names: [TimePart: Set<String>] = [
    .date: ["date", "datum", "fecha", "dt", "day", "dates", "data"],
    .year: ["year", "yr", "yyyy", "jahr", "année", "annee", "año", "anio", "ano", "anno"],
    .half: ["half", "semester", "halbjahr"],
    .quarter: ["quarter", "qtr", "q", "quartal", "trimestre"],
    .month: ["month", "mon", "mo", "mm", "mnth", "monat", "mois", "mes", "mese"],
    .week: [
      "week", "wk", "woche", "kw", "isoweek", "iso week", "week number", "weeknum", "week of year", "semaine",
    ],
    .dayOfYear: ["doy", "day of year", "dayofyear", "yday", "julian day"],
    .day: ["day", "dd", "day of month", "dayofmonth", "mday", "tag", "jour", "dia", "día", "giorno"],
    .clock: ["time", "zeit", "uhrzeit", "heure", "hora", "clock", "time of day"],
    .hour: ["hour", "hr", "hh", "h", "stunde", "heure", "hora", "ora", "hour ending", "he", "hours"],
    .minute: ["minute", "min", "mi", "minutes", "minuten"],
    .second: ["second", "sec", "ss", "seconds", "sekunde"],
  ]

  /// Whether a column's name is that of the part.
  func isNamed(_ name: String) -> Bool {
    let plain = String(name.lowercased().map { "_-.".contains($0) ? " " : $0 })
    return Self.names[self]?.contains(plain) == true
  }

  /// The numbers that the part may have; nil for dates and times of day.
  var numbers: ClosedRange<Int64>? {
    switch self {
    case .date, .clock: nil
    case .year: 1500...2200
    case .half: 1...2
    case .quarter: 1...4
    case .month: 1...12
    case .week: 1...53
    case .dayOfYear: 1...366
    case .day: 1...31
    // Hours may count to 24, or be written with their minutes: 1330.
    case .hour: 0...2400
    case .minute, .second: 0...59
    }
  }
}
