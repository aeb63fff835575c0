// The one module that people import: it re-exports the floors and holds no code of its own.
@_exported import UnrollCore
@_exported import UnrollData
@_exported import UnrollNetworks
@_exported import UnrollTasks
@_exported import UnrollTraining
