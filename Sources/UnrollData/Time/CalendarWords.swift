/// Names of months and days of the week, in the languages that tables of numbers are often written in.
enum CalendarWords {
  /// Languages as bits, so that a name shows all that it may belong to.
  struct Languages: OptionSet, Hashable, Sendable {
    let rawValue: UInt8
    static let all = Languages(rawValue: 0x7F)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The bit of a position in `tables`.
    init(index: Int) { rawValue = 1 << UInt8(index) }

    /// The first language, in the order of `tables`.
    var first: Int { rawValue == 0 ? 0 : rawValue.trailingZeroBitCount }
  }

  /// What a name says.
  struct Name: Hashable, Sendable {
    /// The month from 1, or the day of the week from Monday as 0.
    let number: Int
    let languages: Languages
    /// Whether the name is a whole one, a short one, or, as May, both.
    let isLong: Bool
    let isShort: Bool
  }

  /// The words of one language.
  struct Table: Sendable {
    let months: [String]
    let shortMonths: [String]
    let days: [String]
    let shortDays: [String]
    /// Other spellings of months that are read and never written.
    var others: [String: Int] = [:]

    init(
      _ months: String, _ shortMonths: String, _ days: String, _ shortDays: String,
      others: [String: Int] = [:]
    ) {
      func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
      self.months = words(months)
      self.shortMonths = words(shortMonths)
      self.days = words(days)
      self.shortDays = words(shortDays)
      self.others = others
    }
  }

  /// English, German, French, Spanish, Italian, Portuguese and Dutch, in lower case.
  static let tables: [Table] = [
    Table(
      "january february march april may june july august september october november december",
      "jan feb mar apr may jun jul aug sep oct nov dec",
      "monday tuesday wednesday thursday friday saturday sunday", "mon tue wed thu fri sat sun",
      others: ["sept": 9]),
    Table(
      "januar februar märz april mai juni juli august september oktober november dezember",
      "jan feb mrz apr mai jun jul aug sep okt nov dez",
      "montag dienstag mittwoch donnerstag freitag samstag sonntag", "mo di mi do fr sa so",
      others: ["jänner": 1, "jän": 1, "mär": 3, "maerz": 3, "sept": 9]),
    Table(
      "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
      "janv févr mars avr mai juin juil août sept oct nov déc",
      "lundi mardi mercredi jeudi vendredi samedi dimanche", "lun mar mer jeu ven sam dim",
      others: ["fevrier": 2, "fevr": 2, "fév": 2, "fev": 2, "aout": 8, "decembre": 12, "dec": 12]),
    Table(
      "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
      "ene feb mar abr may jun jul ago sep oct nov dic",
      "lunes martes miércoles jueves viernes sábado domingo", "lun mar mié jue vie sáb dom",
      others: ["setiembre": 9, "sept": 9]),
    Table(
      "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
      "gen feb mar apr mag giu lug ago set ott nov dic",
      "lunedì martedì mercoledì giovedì venerdì sabato domenica", "lun mar mer gio ven sab dom"),
    Table(
      "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
      "jan fev mar abr mai jun jul ago set out nov dez",
      "segunda terça quarta quinta sexta sábado domingo", "seg ter qua qui sex sáb dom",
      others: ["marco": 3]),
    Table(
      "januari februari maart april mei juni juli augustus september oktober november december",
      "jan feb mrt apr mei jun jul aug sep okt nov dec",
      "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag", "ma di wo do vr za zo"),
  ]

  private static let months = index(\.months, \.shortMonths, \.others)
  private static let days = index(
    \.days, \.shortDays, \.noOthers, extra: ["tues": 1, "weds": 2, "thur": 3, "thurs": 3])

  /// The month of a name in lower case.
  static func month(_ word: String) -> Name? { months[word] }

  /// The day of the week of a name in lower case.
  static func weekday(_ word: String) -> Name? { days[word] }

  private static func index(
    _ long: KeyPath<Table, [String]>, _ short: KeyPath<Table, [String]>,
    _ others: KeyPath<Table, [String: Int]>, extra: [String: Int] = [:]
  ) -> [String: Name] {
    var result: [String: Name] = [:]
    func add(_ word: String, _ number: Int, _ languages: Languages, isLong: Bool, isShort: Bool) {
      let known = result[word]
      // No two languages write different months alike.
      guard known == nil || known?.number == number else { return }
      result[word] = Name(
        number: number, languages: languages.union(known?.languages ?? []),
        isLong: isLong || known?.isLong == true, isShort: isShort || known?.isShort == true)
    }
    for (language, table) in tables.enumerated() {
      let bit = Languages(index: language)
      let base = long == \Table.months ? 1 : 0
      for (position, word) in table[keyPath: long].enumerated() {
        add(word, position + base, bit, isLong: true, isShort: false)
      }
      for (position, word) in table[keyPath: short].enumerated() {
        add(word, position + base, bit, isLong: false, isShort: true)
      }
      for (word, number) in table[keyPath: others] { add(word, number, bit, isLong: false, isShort: true) }
    }
    for (word, number) in extra { add(word, number, Languages(index: 0), isLong: false, isShort: true) }
    return result
  }
}

extension CalendarWords.Table {
  fileprivate var noOthers: [String: Int] { [:] }
}

/// How names are written: learned from the names of a column.
struct NameStyle: Hashable, Sendable {
  enum Length: UInt8, Sendable { case unknown, short, long }
  enum LetterCase: UInt8, Sendable { case unknown, lower, title, upper }

  var languages: CalendarWords.Languages = .all
  var length: Length = .unknown
  var letterCase: LetterCase = .unknown
  /// Whether a full stop stands behind short names.
  var hasDot = false

  init() {}

  /// The style of one name as it stands in a field.
  init(_ name: CalendarWords.Name, written: some Collection<UInt8>) {
    languages = name.languages
    length = name.isLong == name.isShort ? .unknown : name.isLong ? .long : .short
    let isLower = { (byte: UInt8) in (0x61...0x7A).contains(byte) }
    let isUpper = { (byte: UInt8) in (0x41...0x5A).contains(byte) }
    if let first = written.first {
      letterCase =
        isLower(first)
        ? .lower : isUpper(first) ? (written.contains(where: isLower) ? .title : .upper) : .unknown
    }
  }

  /// What two names of one column show together.
  mutating func merge(_ other: NameStyle) {
    let both = languages.intersection(other.languages)
    if !both.isEmpty { languages = both }
    if length == .unknown { length = other.length }
    if letterCase == .unknown { letterCase = other.letterCase }
    hasDot = hasDot || other.hasDot
  }

  /// A name in this style.
  func text(long: [String], short: [String], _ position: Int) -> String {
    let words = length == .long ? long : short
    guard words.indices.contains(position) else { return "" }
    let word = words[position]
    return switch letterCase {
    case .lower: word
    case .upper: word.uppercased()
    case .title, .unknown: word.prefix(1).uppercased() + word.dropFirst()
    }
  }

  func month(_ month: Int) -> String {
    let table = CalendarWords.tables[languages.first]
    let name = text(long: table.months, short: table.shortMonths, month - 1)
    // A name that is whole needs no full stop: May, mars.
    let isWhole = table.months.indices.contains(month - 1) && table.months[month - 1].count == name.count
    return name + (hasDot && !isWhole ? "." : "")
  }

  func weekday(_ day: Int) -> String {
    let table = CalendarWords.tables[languages.first]
    return text(long: table.days, short: table.shortDays, day)
  }
}
