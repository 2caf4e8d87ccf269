OK_FORMAT = True

test = {   'name': 'q6',
    'points': 3,
    'suites': [   {   'cases': [   {   'code': ">>> moved, history = descend(X, clouds['shaken'], 10, 5.0)\n>>> assert len(history) == 11 and all(np.diff(history) < 0)\n",
                                       'failure_message': 'the list has one number more than there are steps, and each is smaller than the one before',
                                       'hidden': False,
                                       'locked': False,
                                       'points': 1}],
                      'scored': True,
                      'setup': '',
                      'teardown': '',
                      'type': 'doctest'}]}
