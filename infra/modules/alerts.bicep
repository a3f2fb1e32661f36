// Silence is the failure nobody sees: these rules fire when the work stops, and when a person is needed.
param name string
param location string
param email string
param componentId string

var rules = [
  {
    name: 'rotation-silent'
    text: 'The function RotateRefreshTokens has not run for three hours: the timer, the storage account or the app is down.'
    query: 'traces | where message has "\\"msg\\":\\"timer\\"" and message has "RotateRefreshTokens"'
    window: 'PT3H'
    operator: 'LessThan'
    threshold: 1
  }
  {
    name: 'needs-a-person'
    text: 'samkeeper logged an error: a person must act. The line says what and how.'
    query: 'traces | where message has "\\"level\\":\\"ERROR\\""'
    window: 'PT15M'
    operator: 'GreaterThan'
    threshold: 0
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${name}'
  location: 'global'
  properties: {
    groupShortName: take(name, 12)
    enabled: true
    emailReceivers: [{ name: 'night', emailAddress: email, useCommonAlertSchema: true }]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2021-08-01' = [for rule in rules: {
  name: '${name}-${rule.name}'
  location: location
  properties: {
    description: rule.text
    severity: 1
    enabled: true
    scopes: [componentId]
    evaluationFrequency: 'PT15M'
    windowSize: rule.window
    criteria: {
      allOf: [{ query: rule.query, timeAggregation: 'Count', operator: rule.operator, threshold: rule.threshold }]
    }
    actions: { actionGroups: [people.id] }
  }
}]
