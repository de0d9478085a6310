package identity

// Rules are what whoever runs the server can decide otherwise (BEHAVIOUR 16).
type Rules struct {
	// AllowActiveOnlineTrial lets an organization be deleted though its online trial is still active (ORG-06).
	AllowActiveOnlineTrial bool
	// AllowConvert lets the users of a deleted organization become personal accounts (ORG-10).
	AllowConvert bool
	// DeferredClaims lets claimed users bring their content along (CLM-20). Without it every claim is immediate.
	DeferredClaims bool
	// ClaimListLimit is how many users a list of those who can be claimed shows, and how many one call claims (CLM-30).
	ClaimListLimit int
	// IdleDeletionDays is after how many days without any event an organization is deleted by itself (ORG-24); zero: never.
	IdleDeletionDays int
}

// DefaultClaimListLimit is CLM-30.
const DefaultClaimListLimit = 100

// DefaultRules returns the rules as they are if nobody decides otherwise.
func DefaultRules() Rules {
	return Rules{AllowActiveOnlineTrial: true, AllowConvert: true, DeferredClaims: true, ClaimListLimit: DefaultClaimListLimit}
}

// WithRules makes the service follow other rules than [DefaultRules], before it is used.
func (s *Service) WithRules(r Rules) *Service {
	s.rules = r
	return s
}

// Rules returns the rules that the service follows.
func (s *Service) Rules() Rules { return s.rules }
