// Package web is what every HTTP surface shares: request ids, the access log, metrics, limits, the bearer header, the error
// body, health and the server itself.
//
// Its one idea: [Front] stands before all surfaces and keeps one record of a request, which is at once its response writer,
// its line in the log and its sample in the metrics, so that a request pays for one allocation and not for a stack of
// wrappers.
//
// It must not know accounts, organizations or who may do what: it imports nothing of the project.
package web
